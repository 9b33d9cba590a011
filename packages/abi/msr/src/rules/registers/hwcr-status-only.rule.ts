import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const hwcrStatusOnly = registerRule({
  id: 'hwcr-status-only',
  catalogue: 'hwcr',
  says: 'HWCR takes nothing, or MC_STATUS_WR_EN alone',
  lifetime: until('6.7'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0xc001_0015) && call.data !== 0n && call.data !== 1n << 18n,
  witness: { refused: hostWrites(0xc001_0015, 1n << 24n), accepted: hostWrites(0xc001_0015, 1n << 18n) },
})
