import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { allowedCet, isContraryCet } from '../../cet-controls.ts'
import { guestHas } from '../../kvm-call.ts'
import { guestWrites, having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const both = { vcpu: having('CET_SS', 'CET_IBT') } as const

/** Of user space alone: what a guest writes goes to the processor, which has a rule of its own (`passed-through`). */
export const cetControls = registerRule({
  id: 'cet-controls',
  catalogue: 'canonical-msrs',
  says: 'user space sets of IA32_U_CET and IA32_S_CET bits that the guest has, of the legacy bitmap’s address none below four pages, and not SUPPRESS with TRACKER',
  lifetime: since('6.18'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.h', 'kvm_is_valid_u_s_cet', '6.18')],
  refuses: (call) =>
    call.access === 'write' &&
    call.initiator === 'host' &&
    (call.index === 0x6a0 || call.index === 0x6a2) &&
    ((call.data & ~allowedCet((feature) => guestHas(call, feature))) !== 0n || isContraryCet(call.data)),
  witness: { refused: hostWrites(0x6a0, 0x1000n, both), accepted: guestWrites(0x6a0, 0x1000n, both) },
})
