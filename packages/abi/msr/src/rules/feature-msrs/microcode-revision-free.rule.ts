import { always, behaviour } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { type FeatureMsrWrite, microcodeRevision, sameValueAfterRun } from './write.ts'

const patchLoaded: FeatureMsrWrite = { ...sameValueAfterRun, index: microcodeRevision, data: 7n << 32n }

/** Whether the host may set the microcode revision, whatever the vCPU has done. */
export const microcodeRevisionFree = behaviour<FeatureMsrWrite, boolean>({
  id: 'microcode-revision-free',
  catalogue: 'feature-msr-ucode-exempt',
  says: 'IA32_BIOS_SIGN_ID is a feature MSR that user space may change at any time, as loading microcode does',
  sources: [
    commit('0094f62c7eaa', 'KVM: x86: Disallow writes to immutable feature MSRs after KVM_RUN'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_is_immutable_feature_msr', '6.12'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ index }) => index === microcodeRevision,
      witness: { in: patchLoaded, out: true },
    },
  ],
})
