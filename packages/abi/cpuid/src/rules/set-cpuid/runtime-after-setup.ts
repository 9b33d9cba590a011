import type { ProposedLifetime } from '@vmm/rule'
import { mail } from '@vmm/source'

/**
 * The order that the thread about runtime updates discusses: tables that can still change are updated when they are in
 * place, only those to be compared before. Merged in 6.14, together with the swap of the two tables.
 */
export const runtimeAfterSetup: ProposedLifetime = {
  proposal: 'rfc-cpuid-runtime-after-setup',
  proposed: mail(
    '20240517173926.965351-3-seanjc@google.com',
    'KVM: x86: Explicitly do runtime CPUID updates "after" initial setup',
  ),
  on: '6.9',
}
