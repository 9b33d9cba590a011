import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

const nested = 'arch/x86/kvm/vmx/nested.c'

/** Whether a filter holds for the MSR lists of nested VM entries and exits. A denied MSR fails the entry, or aborts. */
export const filterOnNestedLists = behaviour<{ readonly entry: boolean }, boolean>({
  id: 'filter-on-nested-lists',
  catalogue: 'msr-filter-eval',
  says: 'the MSR lists of a nested VM entry or exit go through the filter, and never exit to user space',
  sources: [
    commit('653ea4489e69', 'KVM: nVMX: Honor userspace MSR filter lists for nested VM-Enter/VM-Exit'),
    kernelSource(nested, 'nested_vmx_load_msr', '6.12'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.12'),
      says: 'they do not ask the filter',
      sources: [kernelSource(nested, 'nested_vmx_load_msr', '6.1')],
      does: () => false,
      witness: { in: { entry: true }, out: false },
    },
    {
      lifetime: since('6.12'),
      does: () => true,
      witness: { in: { entry: true }, out: true },
    },
  ],
})
