import { rule, since } from '@vmm/rule'
import { kernelSource, spec } from '@vmm/source'
import { bankCount, ctlP, mostBanks, type SetupMceCall, setupTwo } from './machine-check.ts'

export const mceBankCount = rule<SetupMceCall>({
  id: 'mce-bank-count',
  catalogue: 'mce-setup',
  says: 'a vCPU has 1 to 32 machine-check banks',
  lifetime: since('5.7', { '5.6': '5.6.14', '5.4': '5.4.42', '4.19': '4.19.124', '4.14': '4.14.181' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_setup_mce', '6.12'),
    spec('ChangeLog-5.6.14', 'KVM: x86: Fix off-by-one error in kvm_vcpu_ioctl_x86_setup_mce'),
  ],
  evidence: 'recorded',
  refuses: ({ mcgCap }) => bankCount(mcgCap) === 0 || bankCount(mcgCap) > mostBanks,
  witness: { refused: { ...setupTwo, mcgCap: ctlP }, accepted: { ...setupTwo, mcgCap: 32n } },
})
