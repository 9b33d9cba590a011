import type { Pipeline } from '@vmm/rule'
import { hyperVAccess } from './access.rule.ts'
import { hyperVAnswer } from './answer.behaviour.ts'
import { hyperVArguments } from './arguments.rule.ts'
import type { HyperVCase, HyperVError } from './case.ts'
import { hyperVDebuggerOff } from './debugger-off.rule.ts'
import { hyperVDebuggerOtherwise } from './debugger-otherwise.rule.ts'
import { hyperVEventAlignment } from './event-alignment.rule.ts'
import { hyperVEventConnection } from './event-connection.rule.ts'
import { hyperVExtendedAccess } from './extended-access.rule.ts'
import { hyperVExtendedUnknown } from './extended-unknown.rule.ts'
import { hyperVFastRefused } from './fast-refused.rule.ts'
import { hyperVNoSynic } from './no-synic.rule.ts'
import { hyperVPrivilege } from './privilege.rule.ts'
import { hyperVReserved } from './reserved.rule.ts'
import { hyperVShape } from './shape.rule.ts'
import { hyperVUnknownCode } from './unknown-code.rule.ts'
import { hyperVXmmInput } from './xmm-input.rule.ts'

/** Hyper-V's hypercalls, in the order KVM checks. */
export const hyperVPipeline: Pipeline<HyperVCase, HyperVError> = {
  call: 'VMCALL (Hyper-V)',
  steps: [
    { kind: 'check', rule: hyperVPrivilege },
    { kind: 'check', rule: hyperVAccess },
    { kind: 'check', rule: hyperVExtendedAccess },
    { kind: 'check', rule: hyperVReserved },
    { kind: 'check', rule: hyperVXmmInput },
    { kind: 'check', rule: hyperVUnknownCode },
    { kind: 'check', rule: hyperVExtendedUnknown },
    { kind: 'check', rule: hyperVShape },
    { kind: 'check', rule: hyperVFastRefused },
    { kind: 'check', rule: hyperVDebuggerOff },
    { kind: 'check', rule: hyperVDebuggerOtherwise },
    { kind: 'check', rule: hyperVEventAlignment },
    { kind: 'check', rule: hyperVEventConnection },
    { kind: 'check', rule: hyperVNoSynic },
    { kind: 'check', rule: hyperVArguments },
    { kind: 'act', behaviour: hyperVAnswer },
  ],
}
