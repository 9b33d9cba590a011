import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { NestedFormat } from '../../nested-state.ts'
import type { NestedModule } from './nested-module.ts'

const formats: Readonly<Record<string, NestedFormat>> = { kvm_intel: 'vmx', kvm_amd: 'svm' }

export const nestedFormat = behaviour<NestedModule, NestedFormat | undefined>({
  id: 'nested-format',
  catalogue: 'nested-set-common',
  says: 'kvm_intel has a nested state, kvm_amd since 5.8; before that kvm_intel has it only where nesting is on',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_nested_ops', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_nested_ops', '6.12.117'),
    commit('cc440cdad5b7', 'KVM: nSVM: implement KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.8'),
      does: ({ module, nested }) => (module === 'kvm_intel' && nested ? 'vmx' : undefined),
      witness: { in: { module: 'kvm_amd', nested: true }, out: undefined },
    },
    {
      lifetime: since('5.8'),
      does: ({ module }) => formats[module],
      witness: { in: { module: 'kvm_amd', nested: false }, out: 'svm' },
    },
  ],
})
