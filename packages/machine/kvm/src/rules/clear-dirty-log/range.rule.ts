import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { allPages, type ClearDirtyLogRule } from './case.ts'

export const clearLogRange: ClearDirtyLogRule = rule({
  id: 'clear-log-range',
  catalogue: 'dirty-log-get',
  says: 'pages are those of the slot, and as many as a multiple of 64 unless they reach its end',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_clear_dirty_log_protect', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ first_page, num_pages, pages }) => {
    const left = pages - first_page
    return BigInt(num_pages) > left || (BigInt(num_pages) < left && (num_pages & 63) !== 0)
  },
  witness: { refused: { ...allPages, num_pages: 65 }, accepted: { ...allPages, num_pages: 64 } },
})
