import { rule, until } from '@vmm/rule'
import { commit, kernelDoc } from '@vmm/source'
import { type HypercallRule, isCall, made } from './case.ts'

export const mapGpaUnknown: HypercallRule = rule({
  id: 'hc-map-gpa-unknown',
  catalogue: 'hc-map-gpa-number-and-names',
  says: 'before MAP_GPA_RANGE was added its number was unknown',
  lifetime: until('5.14'),
  errno: 'KVM_ENOSYS',
  sources: [
    commit('0dbb11230437', 'KVM: X86: Introduce KVM_HC_MAP_GPA_RANGE hypercall'),
    kernelDoc('Documentation/virt/kvm/api.rst', '8.34 KVM_CAP_EXIT_HYPERCALL'),
  ],
  evidence: 'mail',
  refuses: (made) => isCall(made, 'KVM_HC_MAP_GPA_RANGE'),
  witness: {
    refused: made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], { exits: 1 << 12 }),
    accepted: made('KVM_HC_SCHED_YIELD'),
  },
})
