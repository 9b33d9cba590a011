import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas } from '../../kvm-call.ts'
import { guestReads, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const archCapGuestRead = registerRule({
  id: 'arch-cap-guest-read',
  catalogue: 'arch-cap',
  says: 'a guest reads IA32_ARCH_CAPABILITIES if its CPUID has it; user space always does',
  lifetime: until('6.13'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.1')],
  evidence: 'recorded',
  refuses: (call) =>
    call.access === 'read' &&
    call.initiator === 'guest' &&
    call.index === 0x10a &&
    !guestHas(call, 'ARCH_CAPABILITIES'),
  witness: { refused: guestReads(0x10a), accepted: hostReads(0x10a) },
})
