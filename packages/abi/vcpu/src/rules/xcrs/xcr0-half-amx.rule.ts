import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { aSetXcr0 } from '../witnesses.ts'
import { isPart, ofXcr0 } from './first-xcr0.ts'

export const xcr0HalfAmx = rule<SetXcrsCall>({
  id: 'xcr0-half-amx',
  catalogue: 'xcr0-rules',
  says: 'the two components of AMX come together',
  lifetime: since('5.17'),
  errno: 'EINVAL',
  sources: [
    commit('86aff7a47992', 'kvm: x86: Add XCR0 support for Intel AMX'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.1.192'),
  ],
  evidence: 'mail',
  refuses: (call) => ofXcr0(call, (value) => isPart(value, 0x6_0000n)),
  witness: { refused: aSetXcr0(0x2_0003n), accepted: aSetXcr0(0x6_0003n) },
})
