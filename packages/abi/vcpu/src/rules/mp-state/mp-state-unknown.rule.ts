import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetMpStateCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetMpState } from '../witnesses.ts'

/** KVM_MP_STATE_AP_RESET_HOLD came with 5.11. */
export const mpStateUnknown = rule<SetMpStateCall>({
  id: 'mp-state-unknown',
  catalogue: 'mp-state',
  says: 'a state is one that x86 has',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { mp_state } }) => ![0, 1, 2, 3, 4, 9].includes(mp_state),
  witness: { refused: aSetMpState({ given: { mp_state: 5 } }), accepted: aSetMpState({ given: { mp_state: 3 } }) },
})
