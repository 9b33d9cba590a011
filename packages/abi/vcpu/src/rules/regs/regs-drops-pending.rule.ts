import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetRegsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetRegs } from '../witnesses.ts'

/** One whose delivery has begun is not. */
export const regsDropsPending = behaviour<SetRegsCall, SetRegsCall>({
  id: 'regs-drops-pending',
  catalogue: 'regs',
  says: 'an exception that was raised and not yet delivered is forgotten',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', '__set_regs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__set_regs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, exceptionPending: false }),
      witness: { in: aSetRegs({ exceptionPending: true }), out: aSetRegs() },
    },
  ],
})
