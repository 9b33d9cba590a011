import { behaviour, between, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { rfcFeatureMsrs } from './rfc-feature-msrs.ts'
import { type FeatureMsrWrite, isFrozen, sameValueAfterRun } from './write.ts'

const skips = ({ hasRun, index }: FeatureMsrWrite): boolean => hasRun && isFrozen(index)

/**
 * Whether a write of the value that is there already ends before the register's setter sees it. It matters where the
 * setter refuses: VMX MSRs that cannot be set at all, and any of them after VMXON.
 */
export const sameValueSkipsSetter = behaviour<FeatureMsrWrite, boolean>({
  id: 'same-value-skips-setter',
  catalogue: 'feature-msr-immutable',
  says: 'after a run, writing a feature MSR with what it holds goes through its setter as before',
  sources: [commit('1d294dfaba8c', "KVM: x86: Allow, don't ignore, same-value writes to immutable MSRs")],
  evidence: 'source',
  versions: [
    {
      lifetime: { ...until('6.4'), without: [rfcFeatureMsrs.proposal] },
      does: () => false,
      witness: { in: sameValueAfterRun, out: false },
    },
    {
      lifetime: between('6.4', '6.10', { '6.6': { until: undefined } }),
      says: 'it is ignored, and succeeds',
      sources: [commit('0094f62c7eaa', 'KVM: x86: Disallow writes to immutable feature MSRs after KVM_RUN')],
      bug: 'a write of the same value succeeds where the setter refuses every write',
      does: skips,
      witness: { in: sameValueAfterRun, out: true },
    },
    { lifetime: since('6.10'), does: () => false, witness: { in: sameValueAfterRun, out: false } },
    {
      lifetime: rfcFeatureMsrs,
      says: 'it is ignored, and succeeds',
      sources: [rfcFeatureMsrs.proposed],
      does: skips,
      witness: { in: sameValueAfterRun, out: true },
    },
  ],
})
