import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type DirtyRingRule, onePageRing } from './case.ts'

export const ringSmallest: DirtyRingRule = rule({
  id: 'cap-dirty-ring-smallest',
  catalogue: 'dirty-ring',
  says: 'a ring has room for the entries that are kept back, and at least a page',
  lifetime: since('5.11'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_enable_dirty_log_ring', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ bytes, reserved }) => bytes < reserved || bytes < 4096,
  witness: { refused: { ...onePageRing, bytes: 2048 }, accepted: onePageRing },
})
