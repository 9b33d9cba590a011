import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { mayRun, type RunRule } from './case.ts'

/** How many there may be follows from the slots, and is looked at though the tables of nested paging do not count. */
export const runPageTables: RunRule = rule({
  id: 'run-without-page-tables',
  catalogue: 'run-order',
  says: 'a VM that never had a slot has no pages for page tables, unless user space has said how many',
  lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'ENOSPC',
  sources: [kernelSource('arch/x86/kvm/mmu/mmu.c', 'make_mmu_pages_available', '6.1.192'), askedMemory],
  evidence: 'recorded',
  refuses: ({ pageTables }) => pageTables === 'none',
  witness: { refused: { ...mayRun, pageTables: 'none' }, accepted: mayRun },
})
