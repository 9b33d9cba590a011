import { since } from '@vmm/rule'
import { kernelSource, spec } from '@vmm/source'
import { existsFor } from '../../handled.ts'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const isPv = (index: number): boolean =>
  index === 0x11 || index === 0x12 || (index >= 0x4b56_4d00 && index <= 0x4b56_4d07)

export const pvMsrAbsentUnsupported = registerRule({
  id: 'pv-msr-absent-unsupported',
  catalogue: 'enforce-pv-cpuid',
  says: 'a paravirtual MSR whose feature CPUID lacks is unsupported, where CPUID is enforced',
  lifetime: since('7.0', { '6.1': '6.1.167', '6.12': '6.12.75' }),
  errno: 'unsupported',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    spec('ChangeLog-6.1.167', 'KVM: x86: Return "unsupported" instead of "invalid" on access to unsupported PV MSR'),
  ],
  refuses: (call) => isPv(call.index) && !existsFor(call),
  witness: { refused: hostReads(0x11, 0n, { vm: { enforcePvCpuid: true } }), accepted: hostReads(0x11) },
})
