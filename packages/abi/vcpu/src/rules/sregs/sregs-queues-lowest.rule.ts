import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'
import { lowestVector } from './bits.ts'

export const sregsQueuesLowest = behaviour<SetSregsCall, SetSregsCall>({
  id: 'sregs-queues-lowest',
  catalogue: 'sregs-order',
  says: 'of the vectors that wait the lowest is queued',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', '__set_sregs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__set_sregs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, queued: lowestVector(call.given.interrupt_bitmap) }),
      witness: {
        in: aSetSregs({ interrupt_bitmap: [0n, 0n, 6n, 0n] }),
        out: aSetSregs({ interrupt_bitmap: [0n, 0n, 6n, 0n] }, { queued: 129 }),
      },
    },
  ],
})
