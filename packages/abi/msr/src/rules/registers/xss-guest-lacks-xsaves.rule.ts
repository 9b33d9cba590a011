import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas } from '../../kvm-call.ts'
import { guestReads, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const xssGuestLacksXsaves = registerRule({
  id: 'xss-guest-lacks-xsaves',
  catalogue: 'xss',
  says: 'a guest has IA32_XSS with XSAVES',
  lifetime: until('6.18'),
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => call.index === 0xda0 && call.initiator === 'guest' && !guestHas(call, 'XSAVES'),
  witness: { refused: guestReads(0xda0), accepted: hostReads(0xda0) },
})
