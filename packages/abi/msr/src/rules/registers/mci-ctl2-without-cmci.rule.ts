import { since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { bitOf } from '../../kvm-call.ts'
import { holding, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const mciCtl2WithoutCmci = registerRule({
  id: 'mci-ctl2-without-cmci',
  catalogue: 'mci-ctl2',
  says: 'without IA32_MCG_CAP.CMCI_P, only user space reads IA32_MCi_CTL2, and it writes only 0',
  lifetime: since('6.0'),
  errno: 'invalid',
  sources: [
    commit('281b52780b57', 'KVM: x86: Add emulation for MSR_IA32_MCx_CTL2 MSRs.'),
    kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) =>
    call.index >= 0x280 &&
    call.index < 0x2a0 &&
    !bitOf(call.vcpu.values.get(0x179) ?? 0n, 10) &&
    (call.initiator === 'guest' || call.data !== 0n),
  witness: {
    refused: hostWrites(0x280, 1n, { vcpu: holding([0x179, 2n]) }),
    accepted: hostWrites(0x280, 0n, { vcpu: holding([0x179, 2n]) }),
  },
})
