import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { noAddress } from '../../nested-state.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxNotInCpuid = rule<SetNestedState>({
  id: 'nested-vmx-not-in-cpuid',
  catalogue: 'nested-set-vmx',
  says: 'VMX operation takes a guest whose CPUID has VMX',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    probe('nested-l2-vmx', 'Linux 6.1.192 and 6.12.117, kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmxonAddress }, vcpu: { hasVmx } }) => vmxonAddress !== noAddress && !hasVmx,
  witness: { refused: aSetVmx({}, { vcpu: { hasVmx: false } }), accepted: aSetVmx() },
})
