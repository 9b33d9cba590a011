import { rule, since } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'
import { rfcFeatureMsrs } from './rfc-feature-msrs.ts'
import { differs, type FeatureMsrWrite, isFrozen, otherValueAfterRun, sameValueAfterRun } from './write.ts'

export const featureMsrFrozenAfterRun = rule<FeatureMsrWrite>({
  id: 'feature-msr-frozen-after-run',
  catalogue: 'feature-msr-immutable',
  says: 'once a vCPU has run, its feature MSRs but for the microcode revision cannot change',
  lifetime: { ...since('6.4'), without: [rfcFeatureMsrs.proposal] },
  errno: 'EINVAL',
  sources: [
    commit('0094f62c7eaa', 'KVM: x86: Disallow writes to immutable feature MSRs after KVM_RUN'),
    kernelSource('arch/x86/kvm/x86.c', 'do_set_msr', '6.12'),
    probe('seeds', 'Linux 6.12.117, kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: (write) => write.hasRun && isFrozen(write.index) && differs(write),
  witness: { refused: otherValueAfterRun, accepted: sameValueAfterRun },
})
