import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

export const eventsExceptionNumber = rule<SetEventsCall>({
  id: 'events-exception-number',
  catalogue: 'vcpu-events-set',
  says: 'an exception has a number up to 31 that is not 2',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({
    given: {
      exception: { injected, pending, nr },
    },
  }) => (injected !== 0 || pending !== 0) && (nr > 31 || nr === 2),
  witness: {
    refused: aSetEvents({ exception: { injected: 1, nr: 2 } }),
    accepted: aSetEvents({ exception: { nr: 2 } }),
  },
})
