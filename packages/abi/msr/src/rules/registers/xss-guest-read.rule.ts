import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas } from '../../kvm-call.ts'
import { guestReads, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const xssGuestRead = registerRule({
  id: 'xss-guest-read',
  catalogue: 'xss',
  says: 'a guest reads IA32_XSS with XSAVES, user space always',
  lifetime: since('6.18'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/msrs.c', 'kvm_get_msr_common', '7.0')],
  refuses: (call) =>
    call.index === 0xda0 && call.access === 'read' && call.initiator === 'guest' && !guestHas(call, 'XSAVES'),
  witness: { refused: guestReads(0xda0), accepted: hostReads(0xda0) },
})
