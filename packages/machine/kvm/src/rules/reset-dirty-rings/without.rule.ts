import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import type { ResetRingsRule } from './case.ts'

export const resetWithout: ResetRingsRule = rule({
  id: 'reset-rings-without',
  catalogue: 'dirty-ring',
  says: 'there are rings',
  lifetime: since('5.11'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_reset_dirty_pages', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ ringBytes }) => ringBytes === 0,
  witness: { refused: { ringBytes: 0 }, accepted: { ringBytes: 4096 } },
})
