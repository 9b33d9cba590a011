import { nestedFlags } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

export const nestedVmxNotEnlightened = rule<SetNestedState>({
  id: 'nested-vmx-not-enlightened',
  catalogue: 'nested-set-vmx',
  says: 'an enlightened VMCS takes a guest whose CPUID has VMX, on a vCPU where they were enabled',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags }, vcpu: { hasVmx, enlightenedVmcs } }) =>
    (flags & nestedFlags.value.EVMCS) !== 0 && (!hasVmx || !enlightenedVmcs),
  witness: {
    refused: aSetNothing({ given: { flags: 4 } }),
    accepted: aSetNothing({ given: { flags: 4 }, vcpu: { enlightenedVmcs: true } }),
  },
})
