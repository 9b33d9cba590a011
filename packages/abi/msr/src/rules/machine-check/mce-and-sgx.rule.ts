import { always, behaviour } from '@vmm/rule'
import { kernelSource, mail, sdm } from '@vmm/source'

/** Something that switches SGX off on a real processor, until its next reset. */
export interface SgxEndangered {
  readonly event: 'machine check' | 'bits of IA32_MCi_CTL cleared'
  /** Bits of CPUID 12H.0:EAX, as the guest sees them. */
  readonly sgxLeaf: number
}

/** CPUID 12H.0:EAX after it. */
export const mceAndSgx = behaviour<SgxEndangered, number>({
  id: 'mce-and-sgx',
  catalogue: 'mce-sgx',
  says: 'neither a machine check nor clearing IA32_MCi_CTL takes SGX from a guest: a processor may, KVM never does',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.12'),
    sdm('3D', '38.15.1', 'Interactions with MCA Events'),
    mail(
      '20191218201002.GE25201@linux.intel.com',
      'Re: [RFC PATCH] KVM: x86: Disallow KVM_SET_CPUID{2} if the vCPU is in guest mode',
    ),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ sgxLeaf }) => sgxLeaf,
      witness: { in: { event: 'machine check', sgxLeaf: 1 }, out: 1 },
    },
  ],
})
