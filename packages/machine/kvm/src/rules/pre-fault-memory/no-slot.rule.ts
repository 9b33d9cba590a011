import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aPage, type PreFaultRule } from './case.ts'

export const preFaultNoSlot: PreFaultRule = rule({
  id: 'pre-fault-no-slot',
  catalogue: 'pre-fault',
  says: 'the first page is memory',
  lifetime: since('6.11'),
  errno: 'ENOENT',
  sources: [kernelSource('arch/x86/kvm/mmu/mmu.c', 'kvm_tdp_map_page', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ first }) => first === 'no slot',
  witness: { refused: { ...aPage, first: 'no slot' }, accepted: aPage },
})
