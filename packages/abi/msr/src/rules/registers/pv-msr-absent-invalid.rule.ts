import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { existsFor } from '../../handled.ts'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const isPv = (index: number): boolean =>
  index === 0x11 || index === 0x12 || (index >= 0x4b56_4d00 && index <= 0x4b56_4d07)

export const pvMsrAbsentInvalid = registerRule({
  id: 'pv-msr-absent-invalid',
  catalogue: 'enforce-pv-cpuid',
  says: 'a paravirtual MSR whose feature CPUID lacks fails like a bad value, where CPUID is enforced',
  lifetime: until('7.0', { '6.1': { until: '6.1.167' }, '6.12': { until: '6.12.75' } }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1.0')],
  refuses: (call) => isPv(call.index) && !existsFor(call),
  witness: { refused: hostReads(0x11, 0n, { vm: { enforcePvCpuid: true } }), accepted: hostReads(0x11) },
})
