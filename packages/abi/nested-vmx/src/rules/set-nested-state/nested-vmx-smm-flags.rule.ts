import { nestedSmmFlags } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

const { GUEST_MODE, VMXON } = nestedSmmFlags.value

export const nestedVmxSmmFlags = rule<SetNestedState>({
  id: 'nested-vmx-smm-flags',
  catalogue: 'nested-set-vmx',
  says: 'flags of SMM are those of L2 and of VMX operation at its entry',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { smmFlags } }) => (smmFlags & ~(GUEST_MODE | VMXON)) !== 0,
  witness: { refused: aSetVmx({}, { given: { smmFlags: 4 } }), accepted: aSetVmx() },
})
