import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { LapicCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { aLapicCall } from '../witnesses.ts'

export const lapicLongId = rule<LapicCall>({
  id: 'lapic-long-id',
  catalogue: 'lapic',
  says: 'in x2APIC mode with long IDs the ID must be the vCPU’s',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/lapic.c', 'kvm_apic_state_fixup', '6.12.117'),
    kernelSource('arch/x86/kvm/lapic.c', 'kvm_apic_state_fixup', '6.1.192'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ x2apicMode, longIds, givenId, x2apicId }) => x2apicMode && longIds && givenId !== x2apicId,
  witness: {
    refused: aLapicCall({ x2apicMode: true, longIds: true, givenId: 1 }),
    accepted: aLapicCall({ x2apicMode: true, longIds: true }),
  },
})
