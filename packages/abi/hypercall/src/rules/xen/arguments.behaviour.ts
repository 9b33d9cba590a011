import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { HypercallMode, HypercallRegisters } from '../../registers.ts'
import { decodeXenCall, type XenCall } from '../../xen.ts'

/** The registers of a call of Xen's interface, and the code that made it. */
export interface XenRegisters {
  readonly registers: HypercallRegisters
  readonly mode: HypercallMode
}

const registers = { rax: 17n, rbx: 1n, rcx: 2n, rdx: 3n, rsi: 4n, rdi: 5n, rbp: 6n, r8: 7n, r9: 8n, r10: 9n }

/** The order in which Xen numbers its arguments. */
export const xenArguments: Behaviour<XenRegisters, XenCall> = behaviour<XenRegisters, XenCall>({
  id: 'xen-hc-args',
  catalogue: 'xen-hc-args',
  says: 'a number in RAX and arguments in RDI, RSI, RDX, R10, R8 and R9, from other code in EBX to EBP',
  sources: [kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hypercall', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ registers, mode }) => decodeXenCall(registers, mode),
      witness: {
        in: { registers, mode: { width: 64, cpl: 0 } },
        out: { number: 17n, params: [5n, 4n, 3n, 9n, 7n, 8n], width: 64, cpl: 0 },
      },
    },
  ],
})
