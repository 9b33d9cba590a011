import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type DirtyRingRule, onePageRing } from './case.ts'

export const ringTwice: DirtyRingRule = rule({
  id: 'cap-dirty-ring-twice',
  catalogue: 'dirty-ring',
  says: 'how long rings are is said once',
  lifetime: since('5.11'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_enable_dirty_log_ring', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ known }) => known !== 0,
  witness: { refused: { ...onePageRing, known: 4096 }, accepted: onePageRing },
})
