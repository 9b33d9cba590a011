import type { Pipeline, Rule } from '@vmm/rule'
import type { EnableVcpuCapCase } from './case.ts'
import { directFlushAbsent } from './direct-flush.rule.ts'
import { enlightenedVmcsAbsent } from './enlightened-vmcs.rule.ts'
import { vcpuFlags } from './flags.rule.ts'
import { synicIrqchip } from './synic-irqchip.rule.ts'
import { synic2Argument } from './synic2-argument.rule.ts'
import { vcpuUnknown } from './unknown.rule.ts'

const check = (rule: Rule<EnableVcpuCapCase>) => ({ kind: 'check', rule }) as const

/** KVM_ENABLE_CAP on a vCPU. */
export const enableVcpuCapPipeline: Pipeline<EnableVcpuCapCase> = {
  call: 'KVM_ENABLE_CAP (vCPU)',
  steps: [
    check(vcpuFlags),
    check(vcpuUnknown),
    check(synic2Argument),
    check(synicIrqchip),
    check(enlightenedVmcsAbsent),
    check(directFlushAbsent),
  ],
}
