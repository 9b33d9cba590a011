import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aGuest } from '../../a-guest.ts'
import { featureControl, type SgxGuest, shows } from '../../guest.ts'

/** The bits of IA32_FEATURE_CONTROL that concern enclaves and that the guest may set, made anew by KVM_SET_CPUID2. */
export const sgxFeatureControl: Behaviour<Pick<SgxGuest, 'table'>, bigint> = behaviour<Pick<SgxGuest, 'table'>, bigint>(
  {
    id: 'sgx-feature-control-bits',
    catalogue: 'sgx-set-cpuid-effect',
    says: 'a guest may set the bits of SGX and of launch control that its CPUID has',
    sources: [
      kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_vcpu_after_set_cpuid', '6.12.117'),
      kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_vcpu_after_set_cpuid', '6.1.192'),
    ],
    evidence: 'source',
    versions: [
      { lifetime: until('5.13'), says: 'neither', does: () => 0n, witness: { in: aGuest(), out: 0n } },
      {
        lifetime: since('5.13'),
        does: (guest) =>
          (shows(guest, 'SGX') ? featureControl.sgx : 0n) |
          (shows(guest, 'SGX_LC') ? featureControl.launchControl : 0n),
        witness: { in: aGuest(), out: 0x6_0000n },
      },
    ],
  },
)
