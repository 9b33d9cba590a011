import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findSubleaf, wide } from '../kernel-lookup.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { derived } from './derive.ts'

const asks = aCall({ stored: [entry(0xd, { eax: 0xff }, 0)] })

/** What XSETBV and KVM_SET_XCRS take. */
export const guestSupportedXcr0 = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'guest-supported-xcr0',
  catalogue: 'set-cpuid-side-effects',
  says: 'the guest may set the XCR0 bits that its leaf DH and KVM both have',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'cpuid_get_supported_xcr0', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const main = findSubleaf(call.stored, 0xd, 0, call.lookup)
        const bits = main === undefined ? 0n : wide(main.eax, main.edx) & call.host.supportedXcr0
        return derived(call, { guestSupportedXcr0: bits })
      },
      witness: { in: asks, out: derived(asks, { guestSupportedXcr0: 7n }) },
    },
  ],
})
