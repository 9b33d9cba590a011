import { nestedVmxFlags } from '@vmm/kvm-uapi'
import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxHeaderFlags = rule<SetNestedState>({
  id: 'nested-vmx-header-flags',
  catalogue: 'nested-set-vmx',
  says: 'of the header’s flags only that of the preemption timer is known',
  lifetime: since({ absentIn: '5.7', presentIn: '5.10' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmxFlags } }) => (vmxFlags & ~nestedVmxFlags.value.PREEMPTION_TIMER_DEADLINE) !== 0,
  witness: { refused: aSetVmx({}, { given: { vmxFlags: 2 } }), accepted: aSetVmx() },
})
