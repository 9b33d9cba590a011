import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { allowsTwo, type EventFilterRule } from './case.ts'

export const filterAction: EventFilterRule = rule({
  id: 'pmu-filter-action',
  catalogue: 'ioctls-not-detailed',
  says: 'events are allowed or denied',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/pmu.c', 'kvm_vm_ioctl_set_pmu_event_filter', '6.12.117')],
  evidence: 'source',
  refuses: ({ action }) => action > 1,
  witness: { refused: { ...allowsTwo, action: 2 }, accepted: allowsTwo },
})
