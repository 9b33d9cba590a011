import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const archCapGuestWrite = registerRule({
  id: 'arch-cap-guest-write',
  catalogue: 'arch-cap',
  says: 'a guest cannot write IA32_ARCH_CAPABILITIES',
  lifetime: until('6.13'),
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => isGuestWrite(call) && call.index === 0x10a,
  witness: { refused: guestWrites(0x10a, 0n), accepted: hostWrites(0x10a, 0n) },
})
