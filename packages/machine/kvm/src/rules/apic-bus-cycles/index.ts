import type { Pipeline } from '@vmm/rule'
import { busCyclesAfterVcpu } from './after-vcpu.rule.ts'
import type { ApicBusCyclesCase } from './case.ts'
import { busCyclesOverflow } from './overflow.rule.ts'
import { busCyclesWithoutIrqchip } from './without-irqchip.rule.ts'
import { busCyclesZero } from './zero.rule.ts'

/** KVM_ENABLE_CAP(KVM_CAP_X86_APIC_BUS_CYCLES_NS). */
export const apicBusCyclesPipeline: Pipeline<ApicBusCyclesCase> = {
  call: 'KVM_ENABLE_CAP',
  steps: [
    { kind: 'check', rule: busCyclesZero },
    { kind: 'check', rule: busCyclesOverflow },
    { kind: 'check', rule: busCyclesWithoutIrqchip },
    { kind: 'check', rule: busCyclesAfterVcpu },
  ],
}
