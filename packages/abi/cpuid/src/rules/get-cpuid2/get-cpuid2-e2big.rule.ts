import { always, rule } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'
import type { GetCpuid2Call } from '../../get-cpuid2-call.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aGetCall } from './a-call.ts'

/** The number that user space gave stays as it is, whatever the documentation says. */
export const getCpuid2E2big = rule<GetCpuid2Call>({
  id: 'get-cpuid2-e2big',
  catalogue: 'get-cpuid2-e2big',
  says: 'there must be room for every entry that the vCPU has',
  lifetime: always,
  errno: 'E2BIG',
  sources: [
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_get_cpuid2', '6.12.117'),
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_get_cpuid2', '6.1.192'),
    kernelDoc('Documentation/virt/kvm/api.rst', '4.20 KVM_GET_CPUID2'),
    asked,
  ],
  evidence: 'recorded',
  refuses: ({ request, stored }) => request.nent < stored.length,
  witness: {
    refused: aGetCall({ request: { header: 'usable', nent: 0, writable: 0 } }),
    accepted: aGetCall({ request: { header: 'usable', nent: 1, writable: 1 } }),
  },
})
