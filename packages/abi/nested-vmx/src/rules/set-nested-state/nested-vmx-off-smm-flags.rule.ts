import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

export const nestedVmxOffSmmFlags = rule<SetNestedState>({
  id: 'nested-vmx-off-smm-flags',
  catalogue: 'nested-set-vmx',
  says: 'outside VMX operation there are no flags of SMM',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmxonAddress, smmFlags } }) => vmxonAddress === noAddress && smmFlags !== 0,
  witness: { refused: aSetNothing({ given: { smmFlags: 1 } }), accepted: aSetNothing() },
})
