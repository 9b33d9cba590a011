import { rule, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'

const { request } = aCall()

/** KVM_MAX_CPUID_ENTRIES of old. */
export const setCpuidNentLimit80 = rule<SetCpuidCall>({
  id: 'set-cpuid-nent-limit-80',
  catalogue: 'set-cpuid-nent-limit',
  says: 'a table has at most 80 entries',
  lifetime: until('5.10'),
  errno: 'E2BIG',
  sources: [
    commit('3f4e3eb417b1', 'KVM: x86: bump KVM_MAX_CPUID_ENTRIES'),
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_set_cpuid2', '5.2'),
  ],
  evidence: 'mail',
  refuses: ({ request: { nent } }) => nent > 80,
  witness: {
    refused: aCall({ request: { ...request, nent: 81, readable: 81 } }),
    accepted: aCall({ request: { ...request, nent: 80, readable: 80 } }),
  },
})
