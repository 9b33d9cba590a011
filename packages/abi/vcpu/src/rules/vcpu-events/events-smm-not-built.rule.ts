import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

/** What came before stays set. */
export const eventsSmmNotBuilt = rule<SetEventsCall>({
  id: 'events-smm-not-built',
  catalogue: 'vcpu-events-set',
  says: 'there is no SMM without CONFIG_KVM_SMM',
  lifetime: since('6.2'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'), askedCalls],
  evidence: 'recorded',
  refuses: ({ given: { flags, smi }, hasSmm }) =>
    (flags & 8) !== 0 && !hasSmm && (smi.smm !== 0 || smi.pending !== 0 || smi.smm_inside_nmi !== 0),
  witness: {
    refused: aSetEvents({ flags: 8, smi: { pending: 1 } }, { hasSmm: false }),
    accepted: aSetEvents({ flags: 8 }, { hasSmm: false }),
  },
})
