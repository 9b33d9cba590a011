import { nestedSmmFlags } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

const { GUEST_MODE, VMXON } = nestedSmmFlags.value

export const nestedVmxSmmL2WithoutVmxon = rule<SetNestedState>({
  id: 'nested-vmx-smm-l2-without-vmxon',
  catalogue: 'nested-set-vmx',
  says: 'L2 ran when SMM was entered only in VMX operation',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { smmFlags } }) => (smmFlags & (GUEST_MODE | VMXON)) === GUEST_MODE,
  witness: {
    refused: aSetVmx({}, { given: { smmFlags: 1 }, vcpu: { inSmm: true } }),
    accepted: aSetVmx({}, { given: { smmFlags: 3 }, vcpu: { inSmm: true } }),
  },
})
