import { behaviour, since } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { deferUpdates } from '../set-cpuid/where-read.ts'

/** Who looks does it: CPUID, KVM_GET_CPUID2, KVM_SET_CPUID2. */
export const rtDue = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'rt-due',
  catalogue: 'rt-osxsave',
  says: 'a write of CR4, XCR0, IA32_XSS, IA32_APIC_BASE or IA32_MISC_ENABLE only notes that the table is behind',
  sources: [deferUpdates],
  evidence: 'mail',
  versions: [
    {
      lifetime: since('6.15'),
      does: (call) => (call.pending ? call : { ...call, pending: true }),
      witness: { in: aCall(), out: aCall({ pending: true }) },
    },
  ],
})
