import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetupMceCall } from '../calls.ts'
import { aSetupMce } from '../witnesses.ts'

export const mceCapabilities = rule<SetupMceCall>({
  id: 'mce-capabilities',
  catalogue: 'mce-setup',
  says: 'MCG_CAP has what KVM_X86_GET_MCE_CAP_SUPPORTED says, besides two counts',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_setup_mce', '6.12.117')],
  evidence: 'source',
  refuses: ({ mcgCap, supported }) => (mcgCap & ~(supported | 0xff_00ffn)) !== 0n,
  witness: { refused: aSetupMce({ mcgCap: 0x200_000an }), accepted: aSetupMce({ mcgCap: 0x109_000an }) },
})
