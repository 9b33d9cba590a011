import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetRegsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetRegs } from '../witnesses.ts'

export const regsFixedBit = behaviour<SetRegsCall, SetRegsCall>({
  id: 'regs-fixed-bit',
  catalogue: 'regs',
  says: 'bit 1 of RFLAGS is set, whatever is given; RIP is taken as it is',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', '__set_regs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__set_regs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, rflags: call.given.rflags | 2n }),
      witness: {
        in: aSetRegs({ given: { rip: 1n << 60n, rflags: 0x200n } }),
        out: aSetRegs({ given: { rip: 1n << 60n, rflags: 0x200n }, rflags: 0x202n }),
      },
    },
  ],
})
