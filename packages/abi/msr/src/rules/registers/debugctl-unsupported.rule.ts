import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { supportedDebugctl } from './debugctl-supported.ts'
import { registerRule } from './register-rule.ts'

export const debugctlUnsupported = registerRule({
  id: 'debugctl-unsupported',
  catalogue: 'silently-ignored',
  says: 'on Intel, IA32_DEBUGCTL takes what KVM supports, and LBR and BTF in any case',
  lifetime: since({ absentIn: '5.4', presentIn: '6.1' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_is_valid_debugctl', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isWriteOf(call, 0x1d9) && call.host.module === 'kvm_intel' && (call.data & ~(supportedDebugctl(call) | 3n)) !== 0n,
  witness: { refused: hostWrites(0x1d9, 0x10n), accepted: hostWrites(0x1d9, 7n) },
})
