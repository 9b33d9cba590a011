import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { LapicCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { aLapicCall } from '../witnesses.ts'

const takeId = (call: LapicCall, id: number): LapicCall =>
  call.x2apicMode && !call.longIds ? { ...call, storedId: id } : { ...call, storedId: call.givenId }

export const lapicShortId = behaviour<LapicCall, LapicCall>({
  id: 'lapic-short-id',
  catalogue: 'lapic',
  says: 'in x2APIC mode without long IDs the ID is eight bits at the top of its register',
  sources: [
    kernelSource('arch/x86/kvm/lapic.c', 'kvm_apic_state_fixup', '6.12.117'),
    kernelSource('arch/x86/kvm/lapic.c', 'kvm_apic_state_fixup', '6.1.192'),
    askedRules,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
      does: (call) => takeId(call, call.givenId >>> 24),
      witness: {
        in: aLapicCall({ x2apicMode: true, givenId: 0x0500_0000 }),
        out: aLapicCall({ x2apicMode: true, givenId: 0x0500_0000, storedId: 5 }),
      },
    },
    {
      lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
      says: 'what is given does not count: a vCPU’s x2APIC ID is read-only',
      does: (call) => takeId(call, call.x2apicId),
      witness: {
        in: aLapicCall({ x2apicMode: true, givenId: 0x0500_0000, x2apicId: 3 }),
        out: aLapicCall({ x2apicMode: true, givenId: 0x0500_0000, x2apicId: 3, storedId: 3 }),
      },
    },
  ],
})
