import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

export const eventsPayloadNotEnabled = rule<SetEventsCall>({
  id: 'events-payload-not-enabled',
  catalogue: 'vcpu-events-set',
  says: 'a payload needs KVM_CAP_EXCEPTION_PAYLOAD',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags }, payloadEnabled }) => (flags & 0x10) !== 0 && !payloadEnabled,
  witness: {
    refused: aSetEvents({ flags: 0x10 }, { payloadEnabled: false }),
    accepted: aSetEvents({}, { payloadEnabled: false }),
  },
})
