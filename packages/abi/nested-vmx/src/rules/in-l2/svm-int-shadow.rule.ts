import { always, behaviour } from '@vmm/rule'
import { apm, kernelSource } from '@vmm/source'

/** INT_STATE on both sides of L2, and what of it goes which way. */
export interface ShadowCrossing {
  readonly at: 'VMRUN' | '#VMEXIT'
  /** INT_STATE of L1's own VMCB for L2. */
  readonly vmcb12: bigint
  /** Of the one that the processor runs L2 with. */
  readonly vmcb02: bigint
  /** Of L1's, as the processor runs it. */
  readonly vmcb01: bigint
}

/** INTERRUPT_SHADOW. */
const shadow = 1n
const entering: ShadowCrossing = { at: 'VMRUN', vmcb12: 1n, vmcb02: 0n, vmcb01: 1n }

/** What becomes of interrupt shadows on the way into L2 and out of it. */
export const svmIntShadow = behaviour<ShadowCrossing, ShadowCrossing>({
  id: 'svm-int-shadow',
  catalogue: 'svm-int-shadow',
  says: 'L2 begins with the interrupt shadow of its VMCB and leaves there what it ends with; VMRUN ends L1’s own, and L1 goes on with none',
  sources: [
    apm('2', '15.21.5', 'Interrupt Shadows'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_vmcb02_prepare_control', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmexit', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmexit', '6.1.192'),
    kernelSource('arch/x86/kvm/svm/svm.c', '__svm_skip_emulated_instruction', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (crossing) => {
        if (crossing.at === '#VMEXIT') return { ...crossing, vmcb12: crossing.vmcb02 }
        return { ...crossing, vmcb02: crossing.vmcb12, vmcb01: crossing.vmcb01 & ~shadow }
      },
      witness: { in: entering, out: { ...entering, vmcb02: 1n, vmcb01: 0n } },
    },
  ],
})
