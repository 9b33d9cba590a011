import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { allowsTwo, type EventFilterRule } from './case.ts'

export const filterMasks: EventFilterRule = rule({
  id: 'pmu-filter-masks',
  catalogue: 'ioctls-not-detailed',
  says: 'an event with a mask has no bit that none has',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/pmu.c', 'kvm_vm_ioctl_set_pmu_event_filter', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags, masked }) => flags === 1 && masked === 'invalid',
  witness: { refused: { ...allowsTwo, flags: 1, masked: 'invalid' }, accepted: allowsTwo },
})
