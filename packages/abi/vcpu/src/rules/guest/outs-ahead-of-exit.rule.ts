import { always, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'

export const outsAheadOfExit = behaviour<'OUT' | 'OUTS', boolean>({
  id: 'outs-ahead-of-exit',
  catalogue: 'run-complete-first',
  says: 'user space that is told of a value of OUTS finds RSI and RCX behind it, whatever the port',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'x86_emulate_instruction', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'x86_emulate_instruction', '6.1.192'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (instruction) => instruction === 'OUTS',
      witness: { in: 'OUTS', out: true },
    },
  ],
})
