import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

/** Everything else has been set by then, and stays. */
export const eventsTripleFaultNotEnabled = rule<SetEventsCall>({
  id: 'events-triple-fault-not-enabled',
  catalogue: 'vcpu-events-set',
  says: 'a triple fault needs KVM_CAP_X86_TRIPLE_FAULT_EVENT',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags }, tripleFaultEnabled }) => (flags & 0x20) !== 0 && !tripleFaultEnabled,
  witness: {
    refused: aSetEvents({ flags: 0x20 }, { tripleFaultEnabled: false }),
    accepted: aSetEvents({}, { tripleFaultEnabled: false }),
  },
})
