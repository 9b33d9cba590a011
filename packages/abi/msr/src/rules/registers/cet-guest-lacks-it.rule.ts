import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas } from '../../kvm-call.ts'
import { having, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const cetGuestLacksIt = registerRule({
  id: 'cet-guest-lacks-it',
  catalogue: 'canonical-msrs',
  says: 'IA32_U_CET and IA32_S_CET exist with shadow stacks or branch tracking, for user space too',
  lifetime: since('6.18'),
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/msrs.c', '__kvm_set_msr', '7.0')],
  refuses: (call) =>
    (call.index === 0x6a0 || call.index === 0x6a2) && !guestHas(call, 'CET_SS') && !guestHas(call, 'CET_IBT'),
  witness: { refused: hostReads(0x6a0), accepted: hostReads(0x6a0, 0n, { vcpu: having('CET_IBT') }) },
})
