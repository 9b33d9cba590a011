import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'

export const sregsApicBase = rule<SetSregsCall>({
  id: 'sregs-apic-base',
  catalogue: 'sregs-order',
  says: 'the local APIC must take its base, and nothing is set before that',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', '__set_sregs_common', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__set_sregs_common', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ apicBaseIsValid }) => !apicBaseIsValid,
  witness: { refused: aSetSregs({}, { apicBaseIsValid: false }), accepted: aSetSregs() },
})
