import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aFilter, defaultDeny, type SetFilterCall } from './filter.ts'

/** A filter of no ranges that allows is how a filter is taken away. */
export const filterEmptyDeny = rule<SetFilterCall>({
  id: 'filter-empty-deny',
  catalogue: 'msr-filter-set',
  says: 'a filter without ranges cannot deny by default',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_set_msr_filter', '6.12')],
  evidence: 'recorded',
  refuses: ({ flags, ranges }) => (flags & defaultDeny) !== 0 && ranges.every(({ count }) => count === 0),
  witness: { refused: { ...aFilter, flags: defaultDeny, ranges: [] }, accepted: { ...aFilter, ranges: [] } },
})
