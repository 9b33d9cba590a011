import { rule } from '@vmm/rule'
import { mail } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall, tableTo } from './a-call.ts'

const proposed = mail(
  '20191218174255.30773-1-sean.j.christopherson@intel.com',
  'KVM: x86: Disallow KVM_SET_CPUID{2} if the vCPU is in guest mode',
)

/** Never merged. Six years later the same was decided otherwise: the same table may be set, and the error is EINVAL. */
export const rfcCpuidEbusy = rule<SetCpuidCall>({
  id: 'rfc-cpuid-ebusy',
  catalogue: 'set-cpuid-l2-active',
  says: 'while L2 is active, the CPUID table cannot be set',
  lifetime: { proposal: 'rfc-cpuid-ebusy', proposed, on: '5.4' },
  errno: 'EBUSY',
  sources: [proposed],
  evidence: 'mail',
  refuses: ({ l2Active }) => l2Active,
  witness: { refused: aCall({ l2Active: true, stored: tableTo(1) }), accepted: aCall() },
})
