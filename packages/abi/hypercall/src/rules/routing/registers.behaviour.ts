import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelDoc, kernelSource, probe } from '@vmm/source'
import { decodeHypercall, type Hypercall } from '../../hypercall.ts'
import type { HypercallMode, HypercallRegisters } from '../../registers.ts'

/** The registers of a call of KVM's own interface, and the code that made it. */
export interface CallRegisters {
  readonly registers: Pick<HypercallRegisters, 'rax' | 'rbx' | 'rcx' | 'rdx' | 'rsi'>
  readonly mode: HypercallMode
}

const registers = { rax: 0x1_0000_000bn, rbx: -1n, rcx: 2n, rdx: 3n, rsi: 4n }

/** Where a call's number and arguments are. */
export const hypercallRegisters: Behaviour<CallRegisters, Hypercall> = behaviour<CallRegisters, Hypercall>({
  id: 'hc-registers',
  catalogue: 'hc-registers',
  says: 'a number in RAX and arguments in RBX, RCX, RDX and RSI; outside 64-bit mode their lower halves alone count',
  sources: [
    kernelDoc('Documentation/virt/kvm/x86/hypercalls.rst', 'Linux KVM Hypercall'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.12.117'),
    probe('hypercalls', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ registers, mode }) => decodeHypercall(registers, mode),
      witness: {
        in: { registers, mode: { width: 32, cpl: 0 } },
        out: { rax: 0x1_0000_000bn, number: 11n, arguments: [0xffff_ffffn, 2n, 3n, 4n], width: 32, cpl: 0 },
      },
    },
  ],
})
