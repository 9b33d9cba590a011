import type { Pipeline } from '@vmm/rule'
import type { HypercallError } from '../../errors.ts'
import type { HypercallCase } from './case.ts'
import { clockPairing } from './clock-pairing.behaviour.ts'
import { clockSource } from './clock-source.rule.ts'
import { clockType } from './clock-type.rule.ts'
import { enforcedFeature } from './enforced-feature.rule.ts'
import { ipiDestination } from './ipi-destination.rule.ts'
import { kickCpu } from './kick-cpu.behaviour.ts'
import { mapGpaDisabled } from './map-gpa-disabled.rule.ts'
import { mapGpaExits } from './map-gpa-exits.behaviour.ts'
import { mapGpaRange } from './map-gpa-range.rule.ts'
import { mapGpaUnknown } from './map-gpa-unknown.rule.ts'
import { pageEncEnforced } from './page-enc-enforced.rule.ts'
import { pageEncFeature } from './page-enc-feature.rule.ts'
import { pageEncUnheard } from './page-enc-unheard.behaviour.ts'
import { privilege } from './privilege.rule.ts'
import { schedYield } from './sched-yield.behaviour.ts'
import { sendIpi } from './send-ipi.behaviour.ts'
import { unknownNumber } from './unknown-number.rule.ts'
import { vapicPollIrq } from './vapic-poll-irq.behaviour.ts'

/** KVM's own hypercalls, in the order the kernel checks: the first refusal names the error. */
export const hypercallPipeline: Pipeline<HypercallCase, HypercallError> = {
  call: 'VMCALL',
  steps: [
    { kind: 'check', rule: privilege },
    { kind: 'check', rule: unknownNumber },
    { kind: 'check', rule: mapGpaUnknown },
    { kind: 'check', rule: enforcedFeature },
    { kind: 'check', rule: clockType },
    { kind: 'check', rule: clockSource },
    { kind: 'check', rule: ipiDestination },
    { kind: 'check', rule: pageEncEnforced },
    { kind: 'check', rule: pageEncFeature('rfc-page-enc-bool') },
    { kind: 'check', rule: pageEncFeature('rfc-page-enc-mask') },
    { kind: 'check', rule: mapGpaDisabled },
    { kind: 'check', rule: mapGpaRange },
    { kind: 'act', behaviour: pageEncUnheard },
    { kind: 'act', behaviour: vapicPollIrq },
    { kind: 'act', behaviour: kickCpu },
    { kind: 'act', behaviour: clockPairing },
    { kind: 'act', behaviour: sendIpi },
    { kind: 'act', behaviour: schedYield },
    { kind: 'act', behaviour: mapGpaExits },
  ],
}
