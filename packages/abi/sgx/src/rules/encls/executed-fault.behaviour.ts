import { type Behaviour, behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** A leaf that KVM executed for the guest has faulted. */
export interface ExecutedFault {
  readonly vector: 13 | 14
  /** The processor has SGX2: only then does a fault of enclave memory's own rights come as a page fault. */
  readonly hardware: 'SGX1' | 'SGX2'
  /** What the guest's CPUID says. */
  readonly guest: 'SGX1' | 'SGX2'
}

/** What the guest gets. The page fault is one of enclave memory, at SECS, for writing: error code 8003H. */
export type ExecutedFaultVerdict = 'internal error' | '#GP' | '#PF of enclave memory'

const plain: ExecutedFault = { vector: 14, hardware: 'SGX1', guest: 'SGX2' }

/** Source of the two vectors: SDM 3D §37.5.1 Enclave Page Cache Map faults. */
export const executedFault: Behaviour<ExecutedFault, ExecutedFaultVerdict> = behaviour<
  ExecutedFault,
  ExecutedFaultVerdict
>({
  id: 'encls-executed-fault',
  catalogue: 'sgx-ecreate-checks',
  says: 'a fault of a leaf that KVM executed is what the guest’s generation of SGX would have made of it',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'sgx_inject_fault', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'sgx_inject_fault', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.13'),
      does: ({ vector, hardware, guest }) => {
        if (vector === 14 && hardware === 'SGX1') return 'internal error'
        const ofEnclaveMemory = vector === 14 || hardware === 'SGX1'
        return ofEnclaveMemory && guest === 'SGX2' ? '#PF of enclave memory' : '#GP'
      },
      witness: { in: plain, out: 'internal error' },
    },
  ],
})
