import { rule, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { type FeatureMsrWrite, isFrozen, sameValueAfterRun } from './write.ts'

/** Said apart from the other value: a register that cannot be read has no value that a write could repeat. */
export const featureMsrUnreadableAfterRun = rule<FeatureMsrWrite>({
  id: 'feature-msr-unreadable-after-run',
  catalogue: 'feature-msr-immutable',
  says: 'once a vCPU has run, a feature MSR that its model lacks cannot be written, not even with 0',
  lifetime: since('6.4'),
  errno: 'EINVAL',
  sources: [commit('0094f62c7eaa', 'KVM: x86: Disallow writes to immutable feature MSRs after KVM_RUN')],
  evidence: 'source',
  refuses: ({ hasRun, index, current }) => hasRun && isFrozen(index) && current === undefined,
  witness: {
    refused: { ...sameValueAfterRun, data: 0n, current: undefined },
    accepted: { ...sameValueAfterRun, data: 0n, current: 0n },
  },
})
