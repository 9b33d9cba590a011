import { rule, since } from '@vmm/rule'
import { mail } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall, tableTo } from './a-call.ts'
import { sameTable } from './same-table.ts'
import { disallowInL2 } from './where-read.ts'

const stored = tableTo(1)

/** L2 is active before the first run only where user space loaded nested state by hand. */
export const setCpuidL2Active = rule<SetCpuidCall>({
  id: 'set-cpuid-l2-active',
  catalogue: 'set-cpuid-l2-active',
  says: 'while L2 is active, the CPUID table cannot change',
  lifetime: since('7.0'),
  errno: 'EINVAL',
  sources: [
    disallowInL2,
    mail(
      '20251230205641.4092235-1-seanjc@google.com',
      'KVM: x86: Disallow setting CPUID and/or feature MSRs if L2 is active',
    ),
  ],
  evidence: 'mail',
  refuses: ({ hasRun, l2Active, incoming, stored }) =>
    !hasRun && l2Active && !sameTable(incoming, stored, 'with flags'),
  witness: {
    refused: aCall({ l2Active: true, stored, incoming: tableTo(0) }),
    accepted: aCall({ l2Active: true, stored, incoming: stored }),
  },
})
