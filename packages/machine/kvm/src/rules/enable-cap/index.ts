import type { Pipeline, Rule } from '@vmm/rule'
import { busLockBoth } from './bus-lock-both.rule.ts'
import { busLockUnknown } from './bus-lock-unknown.rule.ts'
import type { EnableCapCase } from './case.ts'
import { disableExitsLate } from './disable-exits-late.rule.ts'
import { disableExitsUnknown } from './disable-exits-unknown.rule.ts'
import { disableExitsUnlisted } from './disable-exits-unlisted.rule.ts'
import { emulationFailureBits } from './emulation-failure-bits.rule.ts'
import { encryptionContext } from './encryption-context.rule.ts'
import { encryptionContextFile } from './encryption-context-file.rule.ts'
import { encryptionContextOff } from './encryption-context-off.rule.ts'
import { enableFlags } from './flags.rule.ts'
import { haltPoll } from './halt-poll.rule.ts'
import { maxVcpuIdBoot } from './max-vcpu-id-boot.rule.ts'
import { maxVcpuIdLimit } from './max-vcpu-id-limit.rule.ts'
import { maxVcpuIdOnce } from './max-vcpu-id-once.rule.ts'
import { notifyAbsent } from './notify-absent.rule.ts'
import { notifyLate } from './notify-late.rule.ts'
import { notifyOff } from './notify-off.rule.ts'
import { notifyUnknown } from './notify-unknown.rule.ts'
import { nxArgument } from './nx-argument.rule.ts'
import { nxLate } from './nx-late.rule.ts'
import { nxPermission } from './nx-permission.rule.ts'
import { pmuAbsent } from './pmu-absent.rule.ts'
import { pmuLate } from './pmu-late.rule.ts'
import { pmuUnknown } from './pmu-unknown.rule.ts'
import { quirks2Unknown } from './quirks2-unknown.rule.ts'
import { sgxAttribute } from './sgx-attribute.rule.ts'
import { enableUnknown } from './unknown.rule.ts'

const check = (rule: Rule<EnableCapCase>) => ({ kind: 'check', rule }) as const

/** KVM_ENABLE_CAP on a VM: what all capabilities have in common, then what is each one's own. */
export const enableCapPipeline: Pipeline<EnableCapCase> = {
  call: 'KVM_ENABLE_CAP',
  steps: [
    check(enableFlags),
    check(enableUnknown),
    check(quirks2Unknown),
    check(disableExitsUnknown),
    check(disableExitsUnlisted),
    check(disableExitsLate),
    check(busLockUnknown),
    check(busLockBoth),
    check(sgxAttribute),
    check(encryptionContext),
    check(encryptionContextFile),
    check(encryptionContextOff),
    check(emulationFailureBits),
    check(pmuAbsent),
    check(pmuUnknown),
    check(pmuLate),
    check(maxVcpuIdLimit),
    check(maxVcpuIdBoot),
    check(maxVcpuIdOnce),
    check(notifyUnknown),
    check(notifyAbsent),
    check(notifyOff),
    check(notifyLate),
    check(nxPermission),
    check(nxArgument),
    check(nxLate),
    check(haltPoll),
  ],
}
