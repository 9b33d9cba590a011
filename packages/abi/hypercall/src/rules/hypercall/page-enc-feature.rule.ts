import { rule } from '@vmm/rule'
import { type PageEncryptionProposal, pageEncryptionThread, proposedBy } from '../../proposals.ts'
import { type HypercallRule, isCall, made } from './case.ts'

/** The rule of two of the variants: the guest's bit is asked for, enforcement or not. */
export const pageEncFeature = (proposal: PageEncryptionProposal): HypercallRule =>
  rule({
    id: `${proposal}-feature`,
    catalogue: 'hc-map-gpa-number-and-names',
    says: 'the page-encryption-status call fails for a guest that was not shown its feature bit',
    lifetime: proposedBy(proposal),
    errno: 'KVM_ENOSYS',
    sources: [pageEncryptionThread],
    evidence: 'mail',
    refuses: (made) => isCall(made, 'KVM_HC_MAP_GPA_RANGE') && !made.context.has('KVM_FEATURE_HC_MAP_GPA_RANGE'),
    witness: {
      refused: made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n]),
      accepted: made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], { has: () => true }),
    },
  })
