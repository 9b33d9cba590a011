import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findLeaf } from '../kernel-lookup.ts'
import { aCall } from './a-call.ts'

const width = (bits: number) => [entry(1, {}), entry(0x8000_0008, { eax: bits << 8 })]
const installed = (bits: number) => aCall({ incoming: width(bits), stored: width(bits), installed: true })

/** Before guests had five levels of page tables. */
export const setCpuidVaddrWidth48 = rule<SetCpuidCall>({
  id: 'set-cpuid-vaddr-width-48',
  catalogue: 'set-cpuid-vaddr-width',
  says: 'virtual addresses have 48 bits, or leaf 80000008H does not say',
  lifetime: until({ absentIn: '4.13', presentIn: '5.2' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_update_cpuid', '4.0')],
  evidence: 'source',
  refuses: ({ stored, lookup }) => {
    const sizes = findLeaf(stored, 0x8000_0008, lookup)
    const bits = ((sizes?.eax ?? 0) >>> 8) & 0xff
    return bits !== 0 && bits !== 48
  },
  witness: { refused: installed(57), accepted: installed(48) },
})
