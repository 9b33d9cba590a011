import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aLog, type GetDirtyLogRule } from './case.ts'

export const getLogRings: GetDirtyLogRule = rule({
  id: 'dirty-log-with-rings',
  catalogue: 'dirty-log-get',
  says: 'where written pages go into rings there is no bitmap of them',
  lifetime: since('5.11'),
  errno: 'ENXIO',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_get_dirty_log_protect', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ rings }) => rings,
  witness: { refused: { ...aLog, rings: true }, accepted: aLog },
})
