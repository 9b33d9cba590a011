import type { ProposedLifetime } from '@vmm/rule'
import { mail } from '@vmm/source'

/** The proposal of August 2022, as its mail has it: merged in 6.4, and corrected in 6.10. `6.0+rfc-feature-msrs`. */
export const rfcFeatureMsrs: ProposedLifetime = {
  proposal: 'rfc-feature-msrs',
  proposed: mail(
    '20220805172945.35412-4-seanjc@google.com',
    '[RFC PATCH 3/3] KVM: x86: Disallow writes to immutable feature MSRs after KVM_RUN',
  ),
  on: '6.0',
}
