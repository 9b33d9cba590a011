import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetupMceCall } from '../calls.ts'
import { aSetupMce } from '../witnesses.ts'

/** KVM_CHECK_EXTENSION says 32. */
export const mce31Banks = rule<SetupMceCall>({
  id: 'mce-31-banks',
  catalogue: 'mce-setup',
  says: 'there are 1 to 31 banks',
  lifetime: until({ absentIn: '5.2', presentIn: '5.8' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_setup_mce', '5.2')],
  evidence: 'source',
  refuses: ({ mcgCap }) => (mcgCap & 0xffn) === 0n || (mcgCap & 0xffn) > 31n,
  witness: { refused: aSetupMce({ mcgCap: 32n }), accepted: aSetupMce({ mcgCap: 31n }) },
})
