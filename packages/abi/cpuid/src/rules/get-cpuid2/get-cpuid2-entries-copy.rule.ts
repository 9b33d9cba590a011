import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { GetCpuid2Call } from '../../get-cpuid2-call.ts'
import { aGetCall } from './a-call.ts'

/** Only as many as there are: what is behind them is not touched. */
export const getCpuid2EntriesCopy = rule<GetCpuid2Call>({
  id: 'get-cpuid2-entries-copy',
  catalogue: 'get-cpuid2-e2big',
  says: 'the room for the entries must be writable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_get_cpuid2', '6.12.117')],
  evidence: 'source',
  refuses: ({ request, stored }) => request.writable < stored.length,
  witness: {
    refused: aGetCall({ request: { header: 'usable', nent: 2, writable: 0 } }),
    accepted: aGetCall({ request: { header: 'usable', nent: 2, writable: 1 } }),
  },
})
