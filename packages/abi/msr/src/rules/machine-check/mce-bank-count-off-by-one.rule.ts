import { rule, until } from '@vmm/rule'
import { spec } from '@vmm/source'
import { bankCount, mostBanks, type SetupMceCall, setupTwo } from './machine-check.ts'

export const mceBankCountOffByOne = rule<SetupMceCall>({
  id: 'mce-bank-count-off-by-one',
  catalogue: 'mce-setup',
  says: 'a vCPU has 1 to 31 machine-check banks',
  lifetime: until('5.7', {
    '5.6': { until: '5.6.14' },
    '5.4': { until: '5.4.42' },
    '4.19': { until: '4.19.124' },
    '4.14': { until: '4.14.181' },
  }),
  errno: 'EINVAL',
  bug: { says: 'the 32 banks that KVM_CAP_MCE tells of are refused', fixedBy: 'mce-bank-count' },
  sources: [spec('ChangeLog-5.6.14', 'KVM: x86: Fix off-by-one error in kvm_vcpu_ioctl_x86_setup_mce')],
  evidence: 'mail',
  refuses: ({ mcgCap }) => bankCount(mcgCap) === 0 || bankCount(mcgCap) >= mostBanks,
  witness: { refused: { ...setupTwo, mcgCap: 32n }, accepted: { ...setupTwo, mcgCap: 31n } },
})
