import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

function raisedOrDelivered(call: SetEventsCall): SetEventsCall {
  const { flags, exception, exception_has_payload } = call.given
  const withPayload = (flags & 0x10) !== 0
  const pending = withPayload ? exception.pending : 0
  const injected = withPayload && pending !== 0 ? 0 : exception.injected
  const payload = pending === 0 ? 0 : exception_has_payload
  return {
    ...call,
    given: { ...call.given, exception: { ...exception, pending, injected }, exception_has_payload: payload },
  }
}

export const eventsRaisedOrDelivered = behaviour<SetEventsCall, SetEventsCall>({
  id: 'events-raised-or-delivered',
  catalogue: 'vcpu-events-set',
  says: 'with a payload what is raised is not being delivered; without, nothing is raised',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: raisedOrDelivered,
      witness: {
        in: aSetEvents({ exception: { injected: 1, pending: 1, nr: 14 } }),
        out: aSetEvents({ exception: { injected: 1, nr: 14 } }),
      },
    },
  ],
})
