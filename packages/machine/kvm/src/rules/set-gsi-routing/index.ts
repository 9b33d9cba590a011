import type { Pipeline } from '@vmm/rule'
import type { SetGsiRoutingCase } from './case.ts'
import { routingCount } from './count.rule.ts'
import { routingEntryFlags } from './entry-flags.rule.ts'
import { routingFlags } from './flags.rule.ts'
import { routingGsi } from './gsi.rule.ts'
import { routingHyperVNotBuilt } from './hyper-v-not-built.rule.ts'
import { routingLongId } from './long-id.rule.ts'
import { routingPin } from './pin.rule.ts'
import { routingReadable } from './readable.rule.ts'
import { routingSameGsi } from './same-gsi.rule.ts'
import { routingSplitPin } from './split-pin.rule.ts'
import { routingType } from './type.rule.ts'
import { routingWithoutIrqchip } from './without-irqchip.rule.ts'
import { routingXenNotBuilt } from './xen-not-built.rule.ts'
import { routingXenPriority } from './xen-priority.rule.ts'
import { routingXenUnknown } from './xen-unknown.rule.ts'

/** KVM_SET_GSI_ROUTING. What refuses leaves the old table. */
export const setGsiRoutingPipeline: Pipeline<SetGsiRoutingCase> = {
  call: 'KVM_SET_GSI_ROUTING',
  steps: [
    { kind: 'check', rule: routingWithoutIrqchip },
    { kind: 'check', rule: routingCount },
    { kind: 'check', rule: routingFlags },
    { kind: 'check', rule: routingReadable },
    { kind: 'check', rule: routingGsi },
    { kind: 'check', rule: routingEntryFlags },
    { kind: 'check', rule: routingSameGsi },
    { kind: 'check', rule: routingSplitPin },
    { kind: 'check', rule: routingPin },
    { kind: 'check', rule: routingLongId },
    { kind: 'check', rule: routingHyperVNotBuilt },
    { kind: 'check', rule: routingXenNotBuilt },
    { kind: 'check', rule: routingXenPriority },
    { kind: 'check', rule: routingXenUnknown },
    { kind: 'check', rule: routingType },
  ],
}
