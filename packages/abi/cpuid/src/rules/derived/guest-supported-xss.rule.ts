import { behaviour, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findSubleaf, wide } from '../kernel-lookup.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { derived } from './derive.ts'

const asks = aCall({
  stored: [entry(0xd, { ecx: 0x1900 }, 1)],
  host: { ...aCall().host, supportedXss: 0x1800n },
})

/** What a write of IA32_XSS takes, the host's own too. */
export const guestSupportedXss = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'guest-supported-xss',
  catalogue: 'set-cpuid-side-effects',
  says: 'the guest may set the IA32_XSS bits that its leaf DH and KVM both have',
  sources: [commit('338543cbe033', 'KVM: x86: Check XSS validity against guest CPUIDs')],
  evidence: 'mail',
  versions: [
    {
      lifetime: since('6.18'),
      does: (call) => {
        const found = findSubleaf(call.stored, 0xd, 1, call.lookup)
        const bits = found === undefined ? 0n : wide(found.ecx, found.edx) & call.host.supportedXss
        return derived(call, { guestSupportedXss: bits })
      },
      witness: { in: asks, out: derived(asks, { guestSupportedXss: 0x1800n }) },
    },
  ],
})
