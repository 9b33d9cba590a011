import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, isWriteOf } from '../../kvm-call.ts'
import { holding, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const cpuidFaulting = registerRule({
  id: 'misc-features-enables-faulting',
  catalogue: 'misc-features-enables',
  says: 'MSR_MISC_FEATURES_ENABLES has CPUID faulting, where MSR_PLATFORM_INFO tells of it, and nothing else',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isWriteOf(call, 0x140) && (call.data > 1n || (call.data === 1n && !bitOf(call.vcpu.values.get(0xce) ?? 0n, 31))),
  witness: { refused: hostWrites(0x140, 1n), accepted: hostWrites(0x140, 1n, { vcpu: holding([0xce, 1n << 31n]) }) },
})
