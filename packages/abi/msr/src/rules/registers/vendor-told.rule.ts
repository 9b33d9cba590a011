import type { VendorRules } from '@vmm/cpuid'
import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** What the vendor string of a vCPU's CPUID makes it compatible with; none where it has no CPUID. */
export interface ToldVendor {
  readonly rules: VendorRules | undefined
}

/** Which side of a question about vendors a vCPU is on when its MSRs are accessed. */
export const vendorTold = behaviour<ToldVendor, VendorRules>({
  id: 'vendor-told',
  catalogue: 'tsc-aux',
  says: 'who is not compatible with AMD is with Intel, also without CPUID',
  sources: [kernelSource('arch/x86/kvm/cpuid.h', 'guest_cpuid_is_intel_compatible', '6.12.117')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
      says: 'who has no CPUID is not Intel’s',
      sources: [kernelSource('arch/x86/kvm/cpuid.h', 'guest_cpuid_is_intel', '6.1.192')],
      does: ({ rules = 'amd' }) => rules,
      witness: { in: { rules: undefined }, out: 'amd' },
    },
    {
      lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
      does: ({ rules = 'intel' }) => rules,
      witness: { in: { rules: undefined }, out: 'intel' },
    },
  ],
})
