import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import type { MmuPagesRule } from './case.ts'

export const tooFewMmuPages: MmuPagesRule = rule({
  id: 'mmu-pages-too-few',
  catalogue: 'tss-identity',
  says: 'page tables may take at least 64 pages',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_set_nr_mmu_pages', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_set_nr_mmu_pages', '6.1.192'),
    askedMemory,
  ],
  evidence: 'recorded',
  refuses: ({ pages }) => pages < 64n,
  witness: { refused: { pages: 63n }, accepted: { pages: 64n } },
})
