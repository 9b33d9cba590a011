import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { GetCpuid2Call } from '../../get-cpuid2-call.ts'
import { aGetCall } from './a-call.ts'

/** The header of 8 bytes comes first. */
export const getCpuid2HeaderCopy = rule<GetCpuid2Call>({
  id: 'get-cpuid2-header-copy',
  catalogue: 'get-cpuid2-e2big',
  says: 'the header must be readable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.1.192')],
  evidence: 'source',
  refuses: ({ request }) => request.header === 'faults',
  witness: { refused: aGetCall({ request: { header: 'faults', nent: 2, writable: 2 } }), accepted: aGetCall() },
})
