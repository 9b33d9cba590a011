import { between } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const perfCapGuestWrite = registerRule({
  id: 'perf-cap-guest-write',
  catalogue: 'perf-cap',
  says: 'a guest cannot write IA32_PERF_CAPABILITIES',
  lifetime: between('5.8', '6.13'),
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => isGuestWrite(call) && call.index === 0x345,
  witness: { refused: guestWrites(0x345, 0n), accepted: hostWrites(0x345, 0n) },
})
