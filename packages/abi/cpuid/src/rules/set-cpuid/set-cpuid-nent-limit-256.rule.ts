import { rule, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { asked, intake61, intake612 } from './where-read.ts'

const { request } = aCall()

/** KVM_MAX_CPUID_ENTRIES. */
export const setCpuidNentLimit256 = rule<SetCpuidCall>({
  id: 'set-cpuid-nent-limit-256',
  catalogue: 'set-cpuid-nent-limit',
  says: 'a table has at most 256 entries',
  lifetime: since('5.10'),
  errno: 'E2BIG',
  sources: [commit('3f4e3eb417b1', 'KVM: x86: bump KVM_MAX_CPUID_ENTRIES'), intake61, intake612, asked],
  evidence: 'recorded',
  refuses: ({ request: { nent } }) => nent > 256,
  witness: {
    refused: aCall({ request: { ...request, nent: 257, readable: 257 } }),
    accepted: aCall({ request: { ...request, nent: 256, readable: 256 } }),
  },
})
