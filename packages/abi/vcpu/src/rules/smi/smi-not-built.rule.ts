import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SmiCall } from '../calls.ts'
import { askedNewer } from '../where-recorded.ts'

export const smiNotBuilt = rule<SmiCall>({
  id: 'smi-not-built',
  catalogue: 'smi',
  says: 'there is no SMM without CONFIG_KVM_SMM',
  lifetime: since('6.2'),
  errno: 'ENOTTY',
  sources: [kernelSource('arch/x86/kvm/smm.h', 'kvm_inject_smi', '6.12.117'), askedNewer],
  evidence: 'recorded',
  refuses: ({ hasSmm }) => !hasSmm,
  witness: { refused: { hasSmm: false }, accepted: { hasSmm: true } },
})
