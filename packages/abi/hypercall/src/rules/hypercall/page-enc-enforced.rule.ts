import { rule } from '@vmm/rule'
import { pageEncryptionThread, proposedBy } from '../../proposals.ts'
import { type HypercallRule, isCall, made } from './case.ts'

/**
 * A new capability would not have been needed. It came to nothing because of those who copy the supported CPUID into
 * the guest's without looking: they would have promised what they do not do.
 */
export const pageEncEnforced: HypercallRule = rule({
  id: 'rfc-page-enc-enforced-feature',
  catalogue: 'hc-map-gpa-number-and-names',
  says: 'where PV features are enforced, the page-encryption-status call fails without its feature bit',
  lifetime: proposedBy('rfc-page-enc-enforced'),
  errno: 'KVM_ENOSYS',
  sources: [pageEncryptionThread],
  evidence: 'mail',
  refuses: (made) => {
    const { context } = made
    const hidden = context.featureBits === 'enforced' && !context.has('KVM_FEATURE_HC_MAP_GPA_RANGE')
    return isCall(made, 'KVM_HC_MAP_GPA_RANGE') && hidden
  },
  witness: {
    refused: made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], { featureBits: 'enforced' }),
    accepted: made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n]),
  },
})
