import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetTscKhzCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { aSetTscKhz } from '../witnesses.ts'

/** A faster one is made up for at every exit. */
export const tscKhzTooSlow = rule<SetTscKhzCall>({
  id: 'tsc-khz-too-slow',
  catalogue: 'tsc-khz',
  says: 'a TSC that cannot be scaled is not slower than the host’s, but for a tolerance',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'set_tsc_khz', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_tsc_khz', '6.12.117'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ given, hostKhz, scaling, tolerancePpm }) =>
    !scaling && given !== 0 && given < Math.trunc((hostKhz * (1_000_000 - tolerancePpm)) / 1_000_000),
  witness: { refused: aSetTscKhz({ given: 1_000_000 }), accepted: aSetTscKhz({ given: 1_999_600 }) },
})
