import { since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { guestHas } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const archCapAbsent = registerRule({
  id: 'arch-cap-absent',
  catalogue: 'arch-cap',
  says: 'IA32_ARCH_CAPABILITIES is there if CPUID has it, for user space too',
  lifetime: since('6.13'),
  errno: 'unsupported',
  sources: [commit('a5d563890b8f', 'KVM: x86: Reject userspace attempts to access ARCH_CAPABILITIES w/o support')],
  refuses: (call) => call.index === 0x10a && !guestHas(call, 'ARCH_CAPABILITIES'),
  witness: { refused: hostWrites(0x10a, 1n), accepted: hostWrites(0x10a, 1n, { vcpu: having('ARCH_CAPABILITIES') }) },
})
