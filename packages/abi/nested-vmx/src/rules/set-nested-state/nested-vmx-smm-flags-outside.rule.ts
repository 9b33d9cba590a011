import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxSmmFlagsOutside = rule<SetNestedState>({
  id: 'nested-vmx-smm-flags-outside',
  catalogue: 'nested-set-vmx',
  says: 'outside SMM there are no flags of SMM',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { smmFlags }, vcpu: { inSmm } }) => !inSmm && smmFlags !== 0,
  witness: {
    refused: aSetVmx({}, { given: { smmFlags: 2 } }),
    accepted: aSetVmx({}, { given: { smmFlags: 2 }, vcpu: { inSmm: true } }),
  },
})
