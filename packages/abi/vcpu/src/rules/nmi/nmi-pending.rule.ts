import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { NmiCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'

export const nmiPending = behaviour<NmiCall, NmiCall>({
  id: 'nmi-pending',
  catalogue: 'nmi',
  says: 'two NMIs can wait, or one while they are masked',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'process_nmi', '6.12.117'), askedCalls],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ pending, blocked }) => ({ blocked, pending: Math.min(pending + 1, blocked ? 1 : 2) }),
      witness: { in: { pending: 2, blocked: false }, out: { pending: 2, blocked: false } },
    },
  ],
})
