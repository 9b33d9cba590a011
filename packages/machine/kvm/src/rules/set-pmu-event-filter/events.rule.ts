import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { allowsTwo, type EventFilterRule } from './case.ts'

export const filterEvents: EventFilterRule = rule({
  id: 'pmu-filter-events',
  catalogue: 'ioctls-not-detailed',
  says: 'a filter has at most 300 events',
  lifetime: always,
  errno: 'E2BIG',
  sources: [kernelSource('arch/x86/kvm/pmu.c', 'kvm_vm_ioctl_set_pmu_event_filter', '6.12.117')],
  evidence: 'source',
  refuses: ({ nevents }) => nevents > 300,
  witness: { refused: { ...allowsTwo, nevents: 301 }, accepted: allowsTwo },
})
