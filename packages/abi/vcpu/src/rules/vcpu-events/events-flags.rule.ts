import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

export const eventsFlags = rule<SetEventsCall>({
  id: 'events-flags',
  catalogue: 'vcpu-events-set',
  says: 'there are six flags',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags } }) => (flags & ~0x3f) !== 0,
  witness: { refused: aSetEvents({ flags: 0x40 }), accepted: aSetEvents({ flags: 0x3f }) },
})
