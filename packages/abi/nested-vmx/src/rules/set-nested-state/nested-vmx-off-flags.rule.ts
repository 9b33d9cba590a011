import { nestedFlags } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

export const nestedVmxOffFlags = rule<SetNestedState>({
  id: 'nested-vmx-off-flags',
  catalogue: 'nested-set-vmx',
  says: 'outside VMX operation the only flag is that of an enlightened VMCS, which older user space sets',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmxonAddress, flags } }) =>
    vmxonAddress === noAddress && (flags & ~nestedFlags.value.EVMCS) !== 0,
  witness: { refused: aSetNothing({ given: { flags: 1 } }), accepted: aSetNothing() },
})
