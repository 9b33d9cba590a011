import { since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { guestHas, isGuestWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const perfCapAbsent = registerRule({
  id: 'perf-cap-absent',
  catalogue: 'perf-cap',
  says: 'IA32_PERF_CAPABILITIES is there if CPUID has PDCM, for user space too, and never for a guest that writes it',
  lifetime: since('6.13'),
  errno: 'unsupported',
  sources: [commit('d75cac366f44', 'KVM: x86: Reject userspace attempts to access PERF_CAPABILITIES w/o PDCM')],
  refuses: (call) => call.index === 0x345 && (isGuestWrite(call) || !guestHas(call, 'PDCM')),
  witness: { refused: hostWrites(0x345, 1n), accepted: hostWrites(0x345, 0n, { vcpu: having('PDCM') }) },
})
