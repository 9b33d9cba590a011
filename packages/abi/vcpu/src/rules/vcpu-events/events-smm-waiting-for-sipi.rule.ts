import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetEventsCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { aSetEvents } from '../witnesses.ts'

export const eventsSmmWaitingForSipi = rule<SetEventsCall>({
  id: 'events-smm-waiting-for-sipi',
  catalogue: 'vcpu-events-set',
  says: 'a vCPU that waits for SIPI is not in SMM, nor on its way there',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.1.192'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags, smi }, waitsForSipi }) =>
    (flags & 8) !== 0 && (smi.smm !== 0 || smi.pending !== 0) && waitsForSipi,
  witness: {
    refused: aSetEvents({ flags: 8, smi: { smm: 1 } }, { waitsForSipi: true }),
    accepted: aSetEvents({ flags: 8 }, { waitsForSipi: true }),
  },
})
