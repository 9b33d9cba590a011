import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas, isWriteOf } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const isPointer = (index: number): boolean => index >= 0x6a4 && index <= 0x6a8
const table = 0x6a8

export const shadowStackGuestLacksIt = registerRule({
  id: 'shadow-stack-guest-lacks-it',
  catalogue: 'canonical-msrs',
  says: 'IA32_PLx_SSP exist with shadow stacks, for user space too, and the table of the interrupt stacks only with long mode',
  lifetime: since('6.18'),
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/msrs.c', '__kvm_set_msr', '7.0')],
  refuses: (call) =>
    isPointer(call.index) && (!guestHas(call, 'CET_SS') || (isWriteOf(call, table) && !guestHas(call, 'LM'))),
  witness: {
    refused: hostWrites(table, 0n, { vcpu: having('CET_SS') }),
    accepted: hostWrites(table, 0n, { vcpu: having('CET_SS', 'LM') }),
  },
})
