import { since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const archCapGuestWriteUnsupported = registerRule({
  id: 'arch-cap-guest-write-unsupported',
  catalogue: 'arch-cap',
  says: 'to a guest that writes it, IA32_ARCH_CAPABILITIES is not there',
  lifetime: since('6.13'),
  errno: 'unsupported',
  sources: [commit('a5d563890b8f', 'KVM: x86: Reject userspace attempts to access ARCH_CAPABILITIES w/o support')],
  refuses: (call) => isGuestWrite(call) && call.index === 0x10a,
  witness: {
    refused: guestWrites(0x10a, 0n, { vcpu: having('ARCH_CAPABILITIES') }),
    accepted: hostWrites(0x10a, 0n, { vcpu: having('ARCH_CAPABILITIES') }),
  },
})
