import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { allowsTwo, type EventFilterRule } from './case.ts'

export const filterUnreadable: EventFilterRule = rule({
  id: 'pmu-filter-unreadable',
  catalogue: 'ioctls-not-detailed',
  says: 'the events can be read',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/pmu.c', 'kvm_vm_ioctl_set_pmu_event_filter', '6.12.117')],
  evidence: 'source',
  refuses: ({ readable }) => !readable,
  witness: { refused: { ...allowsTwo, readable: false }, accepted: allowsTwo },
})
