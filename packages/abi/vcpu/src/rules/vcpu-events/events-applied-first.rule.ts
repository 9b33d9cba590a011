import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

export const eventsAppliedFirst = behaviour<SetEventsCall, SetEventsCall>({
  id: 'events-applied-first',
  catalogue: 'vcpu-events-set',
  says: 'exception, interrupt and NMI are set before the rest is looked at',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, applied: 'exception, interrupt and NMI' }),
      witness: { in: aSetEvents(), out: aSetEvents({}, { applied: 'exception, interrupt and NMI' }) },
    },
  ],
})
