import { rule } from '@vmm/rule'
import { rfcFeatureMsrs } from './rfc-feature-msrs.ts'
import { differs, type FeatureMsrWrite, isFrozen, otherValueAfterRun, sameValueAfterRun } from './write.ts'

/** As proposed, a vCPU has run once it was entered, not once KVM_RUN was called; nobody outside can tell. */
export const rfcFeatureMsrFrozen = rule<FeatureMsrWrite>({
  id: 'rfc-feature-msr-frozen',
  catalogue: 'feature-msr-immutable',
  says: 'once a vCPU has run, its feature MSRs but for the microcode revision cannot change',
  lifetime: rfcFeatureMsrs,
  errno: 'EINVAL',
  sources: [rfcFeatureMsrs.proposed],
  evidence: 'mail',
  refuses: (write) => write.hasRun && isFrozen(write.index) && differs(write),
  witness: { refused: otherValueAfterRun, accepted: sameValueAfterRun },
})
