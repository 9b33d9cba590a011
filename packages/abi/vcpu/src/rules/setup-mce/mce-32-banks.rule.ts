import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetupMceCall } from '../calls.ts'
import { aSetupMce } from '../witnesses.ts'

export const mce32Banks = rule<SetupMceCall>({
  id: 'mce-32-banks',
  catalogue: 'mce-setup',
  says: 'there are 1 to 32 banks',
  lifetime: since({ absentIn: '5.2', presentIn: '5.8' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_setup_mce', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_setup_mce', '5.8.18'),
  ],
  evidence: 'source',
  refuses: ({ mcgCap }) => (mcgCap & 0xffn) === 0n || (mcgCap & 0xffn) > 32n,
  witness: { refused: aSetupMce({ mcgCap: 33n }), accepted: aSetupMce({ mcgCap: 32n }) },
})
