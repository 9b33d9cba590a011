import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type DirtyRingRule, onePageRing } from './case.ts'

export const ringLargest: DirtyRingRule = rule({
  id: 'cap-dirty-ring-largest',
  catalogue: 'dirty-ring',
  says: 'a ring has at most 65536 entries of 16 bytes',
  lifetime: since('5.11'),
  errno: 'E2BIG',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_enable_dirty_log_ring', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ bytes }) => bytes > 65_536 * 16,
  witness: { refused: { ...onePageRing, bytes: 2 ** 21 }, accepted: { ...onePageRing, bytes: 2 ** 20 } },
})
