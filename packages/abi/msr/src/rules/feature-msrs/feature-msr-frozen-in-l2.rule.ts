import { rule, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import {
  differs,
  type FeatureMsrWrite,
  isFrozen,
  otherValueAfterRun,
  platformInfo,
  sameValueAfterRun,
} from './write.ts'

/** A vCPU that never ran can be in a nested guest: KVM_SET_NESTED_STATE put it there. */
export const featureMsrFrozenInL2 = rule<FeatureMsrWrite>({
  id: 'feature-msr-frozen-in-l2',
  catalogue: 'feature-msr-immutable',
  says: 'while a nested guest runs, feature MSRs cannot change',
  lifetime: since('7.0'),
  errno: 'EINVAL',
  sources: [commit('b47b93c15b12', 'KVM: x86: Disallow setting CPUID and/or feature MSRs if L2 is active')],
  evidence: 'source',
  refuses: (write) => write.l2Active && (isFrozen(write.index) || write.index === platformInfo) && differs(write),
  witness: {
    refused: { ...otherValueAfterRun, hasRun: false, l2Active: true },
    accepted: { ...sameValueAfterRun, hasRun: false, l2Active: true },
  },
})
