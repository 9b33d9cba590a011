import type { Pipeline } from '@vmm/rule'
import type { SignalMsiCase } from './case.ts'
import { msiFlags } from './flags.rule.ts'
import { msiLongId } from './long-id.rule.ts'
import { msiToNobody } from './nobody.rule.ts'
import { msiWithoutIrqchip } from './without-irqchip.rule.ts'

/** KVM_SIGNAL_MSI. */
export const signalMsiPipeline: Pipeline<SignalMsiCase> = {
  call: 'KVM_SIGNAL_MSI',
  steps: [
    { kind: 'check', rule: msiWithoutIrqchip },
    { kind: 'check', rule: msiFlags },
    { kind: 'check', rule: msiLongId },
    { kind: 'check', rule: msiToNobody },
  ],
}
