import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { returnValue } from '../../hypercall.ts'

/** A hypercall that user space has answered, as the next KVM_RUN finds it. */
export interface AnsweredHypercall {
  /** Of the code that the vCPU is in now. */
  readonly width: 64 | 32
  /** `kvm_run.hypercall.ret`. */
  readonly result: bigint
}

/** What RAX gets. Only then does RIP move on, and `immediate_exit` is looked at after that. */
export const mapGpaComplete: Behaviour<AnsweredHypercall, bigint> = behaviour<AnsweredHypercall, bigint>({
  id: 'hc-map-gpa-complete',
  catalogue: 'hc-map-gpa-complete',
  says: 'whatever user space has answered goes to RAX, cut to 32 bits outside 64-bit mode',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'complete_hypercall_exit', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', 'complete_hypercall_exit', '6.12.117'),
    probe('seeds', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ width, result }) => returnValue({ width }, result),
      witness: { in: { width: 32, result: -1000n }, out: 0xffff_fc18n },
    },
  ],
})
