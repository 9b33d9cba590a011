import { rule, since } from '@vmm/rule'
import { mail } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { hasOddVaddrWidth } from './vaddr-bits.ts'
import { asked, check612 } from './where-read.ts'

const width = (bits: number) => {
  const table = [entry(0x8000_0008, { eax: bits << 8 })]
  return aCall({ incoming: table, stored: [], installed: false })
}

/** The one thing that user space cannot set as it likes: it could make KVM write addresses that are not canonical. */
export const setCpuidVaddrWidth = rule<SetCpuidCall>({
  id: 'set-cpuid-vaddr-width',
  catalogue: 'set-cpuid-vaddr-width',
  says: 'virtual addresses have 48 or 57 bits, or leaf 80000008H does not say',
  lifetime: since('5.9'),
  errno: 'EINVAL',
  sources: [
    check612,
    mail('20200708065054.19713-4-xiaoyao.li@intel.com', 'KVM: X86: Introduce kvm_check_cpuid()'),
    asked,
  ],
  evidence: 'recorded',
  refuses: ({ incoming, stored, installed, lookup }) => hasOddVaddrWidth(installed ? stored : incoming, lookup),
  witness: { refused: width(52), accepted: width(57) },
})
