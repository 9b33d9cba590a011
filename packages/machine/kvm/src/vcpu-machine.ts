import { nobody, type VcpuMachine } from '@vmm/vcpu'

/** What a VM puts around a vCPU. */
export interface Around {
  /** Instructions that the vCPU has retired. */
  readonly retired: () => number
}

/** What is around one vCPU: what its VM has in the kernel answers, user space is asked for the rest. */
export function createVcpuMachine({ retired }: Around): VcpuMachine {
  return nobody(retired)
}
