import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** NRIP where L2 is left, and where L1 looks for it. */
export interface NextRipLeft {
  readonly offered: boolean
  readonly vmcb12: bigint
  readonly vmcb02: bigint
}

const left: NextRipLeft = { offered: false, vmcb12: 5n, vmcb02: 0x1002n }

/** What L1 finds in NRIP after #VMEXIT. */
export const svmNextRipLeft = behaviour<NextRipLeft, bigint>({
  id: 'svm-next-rip-left',
  catalogue: 'svm-next-rip',
  says: 'on #VMEXIT NRIP of L1’s VMCB is written where L1 has NRIPS, and stays what it was where it has not',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmexit', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_svm_vmexit', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ offered, vmcb12, vmcb02 }) => (offered ? vmcb02 : vmcb12),
      witness: { in: left, out: 5n },
    },
  ],
})
