import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { lmceP, type SetupMceCall, setupTwo } from './machine-check.ts'

export const mceCapabilities = rule<SetupMceCall>({
  id: 'mce-capabilities',
  catalogue: 'mce-setup',
  says: 'IA32_MCG_CAP has a count of banks, a count of extended registers, and what KVM_X86_GET_MCE_CAP_SUPPORTED tells of',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_setup_mce', '6.12')],
  evidence: 'recorded',
  refuses: ({ mcgCap, supported }) => (mcgCap & ~(supported | 0xffn | 0xff_0000n)) !== 0n,
  witness: {
    refused: { ...setupTwo, mcgCap: 2n | lmceP, supported: 0n },
    accepted: { ...setupTwo, mcgCap: 2n | 0x12_0000n },
  },
})
