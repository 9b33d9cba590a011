import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetMpStateCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { aSetMpState } from '../witnesses.ts'

/** A kernel of 2026 takes it, and lets KVM_RUN fail. */
export const mpStateInitBlocked = rule<SetMpStateCall>({
  id: 'mp-state-init-blocked',
  catalogue: 'mp-state',
  says: 'while INIT is held back, and with an SMI on its way, a vCPU neither waits for SIPI nor has had it',
  lifetime: since('5.5'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '6.1.192'),
    askedRules,
  ],
  evidence: 'recorded',
  errata: ['the boundary between the two was told as some release after 5.17, at the latest 6.1; it is 5.5'],
  refuses: ({ given: { mp_state }, initBlocked, smiPending }) =>
    (mp_state === 2 || mp_state === 4) && (initBlocked || smiPending),
  witness: {
    refused: aSetMpState({ given: { mp_state: 2 }, initBlocked: true }),
    accepted: aSetMpState({ given: { mp_state: 3 }, initBlocked: true }),
  },
})
