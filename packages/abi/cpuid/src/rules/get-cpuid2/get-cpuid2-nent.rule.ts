import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { GetCpuid2Call } from '../../get-cpuid2-call.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aGetCall } from './a-call.ts'

const { told } = aGetCall()

/** The header is written back in any case. */
export const getCpuid2Nent = behaviour<GetCpuid2Call, GetCpuid2Call>({
  id: 'get-cpuid2-nent',
  catalogue: 'get-cpuid2-e2big',
  says: 'the header that is written back tells how many entries there are',
  sources: [
    commit('ab322c43cce9', 'KVM: x86: Update number of entries for KVM_GET_CPUID2 on success, not failure'),
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_get_cpuid2', '6.12.117'),
    asked,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.5'),
      says: 'not at all: user space reads the number that it gave',
      sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_get_cpuid2', '6.1.192')],
      bug: 'the number was set for a failed call, which told nobody',
      does: (call) => call,
      witness: { in: aGetCall(), out: aGetCall() },
    },
    {
      lifetime: since('6.5'),
      does: (call) => ({ ...call, told: { ...call.told, nent: call.stored.length } }),
      witness: { in: aGetCall(), out: aGetCall({ told: { ...told, nent: 1 } }) },
    },
  ],
})
