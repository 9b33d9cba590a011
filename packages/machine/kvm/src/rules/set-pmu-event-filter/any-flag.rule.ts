import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { allowsTwo, type EventFilterRule } from './case.ts'

export const filterAnyFlag: EventFilterRule = rule({
  id: 'pmu-filter-any-flag',
  catalogue: 'ioctls-not-detailed',
  says: 'there is no flag',
  lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/pmu.c', 'kvm_vm_ioctl_set_pmu_event_filter', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags }) => flags !== 0,
  witness: { refused: { ...allowsTwo, flags: 1 }, accepted: allowsTwo },
})
