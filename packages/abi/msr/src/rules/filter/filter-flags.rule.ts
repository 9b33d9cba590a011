import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { aFilter, defaultDeny, type SetFilterCall } from './filter.ts'

export const filterFlags = rule<SetFilterCall>({
  id: 'filter-flags',
  catalogue: 'msr-filter-set',
  says: 'the flags of an MSR filter are none, or KVM_MSR_FILTER_DEFAULT_DENY',
  lifetime: since('5.19', { '5.10': '5.10.154', '5.15': '5.15.78' }),
  errno: 'EINVAL',
  sources: [
    commit('cf5029d5dd7c', 'KVM: x86: Protect the unused bits in MSR exiting flags'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_set_msr_filter', '6.1'),
  ],
  evidence: 'recorded',
  refuses: ({ flags }) => (flags & ~defaultDeny) !== 0,
  witness: { refused: { ...aFilter, flags: 2 }, accepted: { ...aFilter, flags: defaultDeny } },
})
