import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type DirtyRingRule, onePageRing } from './case.ts'

export const ringPower: DirtyRingRule = rule({
  id: 'cap-dirty-ring-power',
  catalogue: 'dirty-ring',
  says: 'a ring has a power of two of bytes',
  lifetime: since('5.11'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_enable_dirty_log_ring', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ bytes }) => bytes === 0 || (bytes & (bytes - 1)) !== 0,
  witness: { refused: { ...onePageRing, bytes: 0x3000 }, accepted: onePageRing },
})
