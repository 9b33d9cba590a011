import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aPage, type PreFaultRule } from './case.ts'

export const preFaultWithoutTdp: PreFaultRule = rule({
  id: 'pre-fault-without-tdp',
  catalogue: 'pre-fault',
  says: "the processor walks the guest's page tables through those of KVM",
  lifetime: since('6.11'),
  errno: 'EOPNOTSUPP',
  sources: [kernelSource('arch/x86/kvm/mmu/mmu.c', 'kvm_tdp_map_page', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ tdp }) => !tdp,
  witness: { refused: { ...aPage, tdp: false }, accepted: aPage },
})
