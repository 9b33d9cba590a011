import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import {
  allOnes,
  bankCount,
  cmciP,
  ctlP,
  type MachineCheckState,
  type SetupMceCall,
  setupTwo,
  twoBanks,
} from './machine-check.ts'

const cleared: MachineCheckState = {
  ...twoBanks,
  mcgCtl: 0n,
  banks: [
    [0n, 1n, 2n, 3n],
    [0n, 0n, 0n, 0n],
  ],
  ctl2: [5n, 5n],
}
const prepared: MachineCheckState['banks'] = [
  [allOnes, 1n, 2n, 3n],
  [allOnes, 0n, 0n, 0n],
]

/** CTL_P and the count of banks. */
const keptByAmd = 0x1ffn

/** It may be called again, also after a run: statuses stay. */
export const mceSetUp = behaviour<SetupMceCall, MachineCheckState>({
  id: 'mce-set-up',
  catalogue: 'mce-setup',
  says: 'setting machine checks up enables every bank and, with CTL_P, IA32_MCG_CTL; what was recorded stays; of IA32_MCG_CAP, AMD keeps CTL_P and the count',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_setup_mce', '6.12'),
    commit('74f169090b6f', 'kvm/svm: Setup MCG_CAP on AMD properly'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.0'),
      says: 'there is no IA32_MCi_CTL2',
      does: enableBanks,
      witness: {
        in: { ...setupTwo, state: cleared },
        out: { ...cleared, mcgCap: setupTwo.mcgCap, mcgCtl: allOnes, banks: prepared },
      },
    },
    {
      lifetime: since('6.0'),
      sources: [commit('281b52780b57', 'KVM: x86: Add emulation for MSR_IA32_MCx_CTL2 MSRs.')],
      does: (call) => {
        const { mcgCap } = call
        const next = enableBanks(call)
        return (mcgCap & cmciP) === 0n
          ? next
          : { ...next, ctl2: next.ctl2.map((value, at) => (at < bankCount(mcgCap) ? 0n : value)) }
      },
      witness: {
        in: { ...setupTwo, mcgCap: twoBanks.mcgCap, state: cleared },
        out: { ...cleared, mcgCap: twoBanks.mcgCap, mcgCtl: allOnes, banks: prepared, ctl2: [0n, 0n] },
      },
    },
  ],
})

function enableBanks({ mcgCap, module, state }: SetupMceCall): MachineCheckState {
  const count = bankCount(mcgCap)
  return {
    ...state,
    mcgCap: module === 'kvm_amd' ? mcgCap & keptByAmd : mcgCap,
    mcgCtl: (mcgCap & ctlP) === 0n ? state.mcgCtl : allOnes,
    banks: state.banks.map((bank, at) => (at < count ? [allOnes, bank[1], bank[2], bank[3]] : bank)),
  }
}
