import { since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const flushCmd = registerRule({
  id: 'flush-cmd',
  catalogue: 'spec-ctrl',
  says: 'IA32_FLUSH_CMD takes bit 0, where the host has L1D_FLUSH',
  lifetime: since('6.4'),
  errno: 'invalid',
  sources: [
    commit('da3db168fb67', 'KVM: x86: Virtualize FLUSH_L1D and passthrough MSR_IA32_FLUSH_CMD'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x10b) && (!call.host.features.has('L1D_FLUSH') || (call.data & ~1n) !== 0n),
  witness: { refused: hostWrites(0x10b, 2n), accepted: hostWrites(0x10b, 1n) },
})
