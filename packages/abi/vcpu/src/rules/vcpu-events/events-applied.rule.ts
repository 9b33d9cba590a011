import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

export const eventsApplied = behaviour<SetEventsCall, SetEventsCall>({
  id: 'events-applied',
  catalogue: 'vcpu-events-set',
  says: 'all is set before a triple fault is looked at',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, applied: 'all but a triple fault' }),
      witness: { in: aSetEvents(), out: aSetEvents({}, { applied: 'all but a triple fault' }) },
    },
  ],
})
