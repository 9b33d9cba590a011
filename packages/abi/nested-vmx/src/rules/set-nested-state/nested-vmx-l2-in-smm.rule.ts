import { nestedFlags } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetL2, aSetVmx } from './witness.ts'

const { GUEST_MODE, RUN_PENDING } = nestedFlags.value

export const nestedVmxL2InSmm = rule<SetNestedState>({
  id: 'nested-vmx-l2-in-smm',
  catalogue: 'nested-set-vmx',
  says: 'in SMM L2 neither runs nor is entered',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags }, vcpu: { inSmm } }) => inSmm && (flags & (GUEST_MODE | RUN_PENDING)) !== 0,
  witness: { refused: aSetL2({}, { vcpu: { inSmm: true } }), accepted: aSetVmx({}, { vcpu: { inSmm: true } }) },
})
