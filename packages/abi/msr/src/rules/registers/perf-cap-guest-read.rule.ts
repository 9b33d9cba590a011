import { between } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas } from '../../kvm-call.ts'
import { guestReads, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const perfCapGuestRead = registerRule({
  id: 'perf-cap-guest-read',
  catalogue: 'perf-cap',
  says: 'a guest reads IA32_PERF_CAPABILITIES if its CPUID has PDCM; user space always does',
  lifetime: between('5.8', '6.13'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.1')],
  evidence: 'recorded',
  refuses: (call) =>
    call.access === 'read' && call.initiator === 'guest' && call.index === 0x345 && !guestHas(call, 'PDCM'),
  witness: { refused: guestReads(0x345), accepted: hostReads(0x345) },
})
