import { since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const allowed = (1n << 18n) | (1n << 24n)

export const hwcrBits = registerRule({
  id: 'hwcr-bits',
  catalogue: 'hwcr',
  says: 'HWCR takes MC_STATUS_WR_EN and TSC_FREQ_SEL',
  lifetime: since('6.7'),
  errno: 'invalid',
  sources: [
    commit('8b0e00fba934', 'KVM: x86: Virtualize HWCR.TscFreqSel[bit 24]'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0xc001_0015) && (call.data & ~allowed) !== 0n,
  witness: { refused: hostWrites(0xc001_0015, 1n << 35n), accepted: hostWrites(0xc001_0015, 0x104_0000n) },
})
