import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetTscKhzCall } from '../calls.ts'
import { aSetTscKhz } from '../witnesses.ts'

export const tscKhzTooFast = rule<SetTscKhzCall>({
  id: 'tsc-khz-too-fast',
  catalogue: 'tsc-khz',
  says: 'a TSC that is scaled is slower than the most that the processor can',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117')],
  evidence: 'source',
  refuses: ({ given, scaling, mostKhz }) => scaling && given >= mostKhz,
  witness: {
    refused: aSetTscKhz({ scaling: true, mostKhz: 3_000_000, given: 3_000_000 }),
    accepted: aSetTscKhz({ scaling: true, mostKhz: 3_000_000, given: 2_999_999 }),
  },
})
