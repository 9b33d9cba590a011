import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { allPages, type ClearDirtyLogRule } from './case.ts'

export const clearLogFirstPage: ClearDirtyLogRule = rule({
  id: 'clear-log-first-page',
  catalogue: 'dirty-log-get',
  says: 'pages are cleared from a multiple of 64 on',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_clear_dirty_log_protect', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ first_page }) => (first_page & 63n) !== 0n,
  witness: { refused: { ...allPages, first_page: 1n, num_pages: 64 }, accepted: allPages },
})
