import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { allPages, type ClearDirtyLogRule } from './case.ts'

export const clearLogRings: ClearDirtyLogRule = rule({
  id: 'clear-log-with-rings',
  catalogue: 'dirty-log-get',
  says: 'where written pages go into rings there is no bitmap to clear',
  lifetime: since('5.11'),
  errno: 'ENXIO',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_clear_dirty_log_protect', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ rings }) => rings,
  witness: { refused: { ...allPages, rings: true }, accepted: allPages },
})
