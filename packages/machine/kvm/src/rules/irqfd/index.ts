import type { Pipeline } from '@vmm/rule'
import { irqfdBusy } from './busy.rule.ts'
import { irqfdBusyElsewhere } from './busy-elsewhere.rule.ts'
import type { IrqfdCase } from './case.ts'
import { irqfdClosed } from './closed.rule.ts'
import { irqfdFlags } from './flags.rule.ts'
import { irqfdGsi } from './gsi.rule.ts'
import { irqfdNoEventfd } from './no-eventfd.rule.ts'
import { irqfdResampleClosed } from './resample-closed.rule.ts'
import { irqfdResampleNoEventfd } from './resample-no-eventfd.rule.ts'
import { irqfdResampleSplit } from './resample-split.rule.ts'
import { irqfdWithoutIrqchip } from './without-irqchip.rule.ts'

/** KVM_IRQFD. */
export const irqfdPipeline: Pipeline<IrqfdCase> = {
  call: 'KVM_IRQFD',
  steps: [
    { kind: 'check', rule: irqfdFlags },
    { kind: 'check', rule: irqfdGsi },
    { kind: 'check', rule: irqfdWithoutIrqchip },
    { kind: 'check', rule: irqfdResampleSplit },
    { kind: 'check', rule: irqfdClosed },
    { kind: 'check', rule: irqfdNoEventfd },
    { kind: 'check', rule: irqfdResampleClosed },
    { kind: 'check', rule: irqfdResampleNoEventfd },
    { kind: 'check', rule: irqfdBusy },
    { kind: 'check', rule: irqfdBusyElsewhere },
  ],
}
