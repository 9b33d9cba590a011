import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const hyperVApicUpperHalf = registerRule({
  id: 'hyper-v-apic-upper-half',
  catalogue: 'hv-msrs',
  says: 'HV_X64_MSR_EOI and _TPR have 32 bits',
  lifetime: since({ absentIn: '5.15', presentIn: '6.1' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/lapic.c', 'kvm_lapic_msr_write', '6.12')],
  evidence: 'recorded',
  refuses: (call) => (isWriteOf(call, 0x4000_0070) || isWriteOf(call, 0x4000_0072)) && call.data >> 32n !== 0n,
  witness: { refused: hostWrites(0x4000_0072, 1n << 32n), accepted: hostWrites(0x4000_0072, 0x20n) },
})
