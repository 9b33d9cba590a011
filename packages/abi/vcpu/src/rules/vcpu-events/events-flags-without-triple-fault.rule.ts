import { rule, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { aSetEvents } from '../witnesses.ts'

export const eventsFlagsWithoutTripleFault = rule<SetEventsCall>({
  id: 'events-flags-without-triple-fault',
  catalogue: 'vcpu-events-set',
  says: 'there are five flags',
  lifetime: until('6.0'),
  errno: 'EINVAL',
  sources: [
    commit('ed2351174e38', 'KVM: x86: Extend KVM_{G,S}ET_VCPU_EVENTS to support pending triple fault'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '5.2'),
  ],
  evidence: 'mail',
  refuses: ({ given: { flags } }) => (flags & ~0x1f) !== 0,
  witness: { refused: aSetEvents({ flags: 0x20 }), accepted: aSetEvents({ flags: 0x1f }) },
})
