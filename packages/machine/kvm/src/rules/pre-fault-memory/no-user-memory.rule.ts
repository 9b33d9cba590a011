import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aPage, type PreFaultRule } from './case.ts'

export const preFaultNoUserMemory: PreFaultRule = rule({
  id: 'pre-fault-no-user-memory',
  catalogue: 'pre-fault',
  says: 'user space has memory behind the first page',
  lifetime: since('6.11'),
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/mmu/mmu.c', 'kvm_handle_error_pfn', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ first }) => first === 'no user memory',
  witness: { refused: { ...aPage, first: 'no user memory' }, accepted: aPage },
})
