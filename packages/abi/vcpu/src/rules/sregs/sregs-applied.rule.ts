import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'

export const sregsApplied = behaviour<SetSregsCall, SetSregsCall>({
  id: 'sregs-applied',
  catalogue: 'sregs-order',
  says: 'everything is set at once when nothing speaks against it',
  sources: [kernelSource('arch/x86/kvm/regs.c', '__set_sregs_common', '6.12.117'), askedCalls],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, applied: true }),
      witness: { in: aSetSregs(), out: aSetSregs({}, { applied: true }) },
    },
  ],
})
