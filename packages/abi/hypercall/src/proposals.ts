import type { ProposedLifetime } from '@vmm/rule'
import { mail } from '@vmm/source'

/** The mail in which the variants are. */
export const pageEncryptionThread = mail(
  'YH9hyid+zyQN1GUw@google.com',
  'Re: [PATCH 0/3] KVM: x86: guest interface for SEV live migration',
)

/**
 * What the thread on the page-encryption-status hypercall went through before MAP_GPA_RANGE was merged, each as it
 * would have been on the first release that had the hypercall:
 *
 * - `rfc-page-enc-enforced`: no capability; without the guest's bit it fails, but only where PV features are enforced,
 *   and it always exits otherwise.
 * - `rfc-page-enc-bool`: the guest's bit is always asked for, the arguments are checked, and then a call that user space
 *   does not want to hear of returns 0.
 * - `rfc-page-enc-mask`: the same, with a mask of the hypercalls that exit instead of one switch.
 */
export const pageEncryptionProposals = ['rfc-page-enc-enforced', 'rfc-page-enc-bool', 'rfc-page-enc-mask'] as const

/** The name of one of the thread's variants. */
export type PageEncryptionProposal = (typeof pageEncryptionProposals)[number]

/** The lifetime of what one of the variants would have done. */
export function proposedBy(proposal: PageEncryptionProposal): ProposedLifetime {
  return { proposal, proposed: pageEncryptionThread, on: '5.14' }
}
