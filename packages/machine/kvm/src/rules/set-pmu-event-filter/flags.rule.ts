import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { allowsTwo, type EventFilterRule } from './case.ts'

export const filterFlags: EventFilterRule = rule({
  id: 'pmu-filter-flags',
  catalogue: 'ioctls-not-detailed',
  says: 'the flag is that events are told with masks',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/pmu.c', 'kvm_vm_ioctl_set_pmu_event_filter', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags }) => (flags & ~1) !== 0,
  witness: { refused: { ...allowsTwo, flags: 2 }, accepted: allowsTwo },
})
