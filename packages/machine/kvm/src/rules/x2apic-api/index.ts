import type { Pipeline } from '@vmm/rule'
import { x2apicBroadcasts } from './broadcasts.rule.ts'
import { x2apicBroadcastsSplit } from './broadcasts-split.rule.ts'
import type { X2apicApiCase } from './case.ts'
import { x2apicFlags } from './flags.rule.ts'

/** KVM_ENABLE_CAP(KVM_CAP_X2APIC_API). */
export const x2apicApiPipeline: Pipeline<X2apicApiCase> = {
  call: 'KVM_ENABLE_CAP',
  steps: [
    { kind: 'check', rule: x2apicFlags },
    { kind: 'check', rule: x2apicBroadcasts },
    { kind: 'check', rule: x2apicBroadcastsSplit },
  ],
}
