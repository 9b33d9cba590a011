import type { Pipeline } from '@vmm/rule'
import type { NestedSregs } from './call.ts'
import { nestedSregsCr0 } from './nested-sregs-cr0.rule.ts'
import { nestedSregsCr4 } from './nested-sregs-cr4.rule.ts'
import { nestedSregsVmxeInSmm } from './nested-sregs-vmxe-in-smm.rule.ts'

/** What nested virtualization asks of KVM_SET_SREGS and KVM_SET_SREGS2. */
export const nestedSregsPipeline: Pipeline<NestedSregs> = {
  call: 'KVM_SET_SREGS (nested)',
  steps: [
    { kind: 'check', rule: nestedSregsVmxeInSmm },
    { kind: 'check', rule: nestedSregsCr4 },
    { kind: 'check', rule: nestedSregsCr0 },
  ],
}
