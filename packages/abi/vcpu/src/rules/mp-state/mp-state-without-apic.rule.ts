import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetMpStateCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetMpState } from '../witnesses.ts'

export const mpStateWithoutApic = rule<SetMpStateCall>({
  id: 'mp-state-without-apic',
  catalogue: 'mp-state',
  says: 'a vCPU without a local APIC in the kernel is always runnable',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { mp_state }, localApic }) => mp_state !== 0 && !localApic,
  witness: {
    refused: aSetMpState({ given: { mp_state: 3 }, localApic: false }),
    accepted: aSetMpState({ localApic: false }),
  },
})
