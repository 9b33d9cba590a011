import { between, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { hasOddVaddrWidth } from './vaddr-bits.ts'
import { goOnWithoutLeaf1, resetOnFailure } from './where-read.ts'

const installed = (bits: number) => {
  const table = [entry(1, {}), entry(0x8000_0008, { eax: bits << 8 })]
  return aCall({ incoming: table, stored: table, installed: true })
}

/** The check came when the table was in place already, and stayed there. */
export const setCpuidVaddrWidthAfterInstall = rule<SetCpuidCall>({
  id: 'set-cpuid-vaddr-width-after-install',
  catalogue: 'set-cpuid-vaddr-width',
  says: 'virtual addresses have 48 or 57 bits, or leaf 80000008H does not say; a refused table is in place nonetheless',
  lifetime: between({ absentIn: '4.13', presentIn: '5.2' }, '5.9'),
  errno: 'EINVAL',
  bug: { says: 'the refused table stayed, and without leaf 1 nothing was checked', fixedBy: 'set-cpuid-vaddr-width' },
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_update_cpuid', '5.2'), resetOnFailure, goOnWithoutLeaf1],
  evidence: 'source',
  refuses: ({ stored, lookup }) => hasOddVaddrWidth(stored, lookup),
  witness: { refused: installed(52), accepted: installed(57) },
})
