import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { guestWrites, holding } from '../witness.ts'

const cleared = guestWrites(0xc001_0015, 0n, { vcpu: holding([0xc001_0015, 0x4_0000n]) })

export const hwcrCleared = behaviour<MsrCall, MsrCall>({
  id: 'hwcr-cleared',
  catalogue: 'hwcr',
  says: 'HWCR can be cleared',
  sources: [commit('598a790fc20f', 'KVM: x86: Allow HWCR.McStatusWrEn to be cleared once set')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.7'),
      says: 'a write of 0 is taken and forgotten',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1')],
      bug: 'MC_STATUS_WR_EN stays set once it was',
      does: (call) => (call.index === 0xc001_0015 && call.data === 0n ? { ...call, drops: true } : call),
      witness: { in: cleared, out: { ...cleared, drops: true } },
    },
    { lifetime: since('6.7'), does: (call) => call, witness: { in: cleared, out: cleared } },
  ],
})
