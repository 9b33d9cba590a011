import { nestedFlags, nestedSmmFlags } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetL2 } from './witness.ts'

export const nestedVmxTwoGuestModes = rule<SetNestedState>({
  id: 'nested-vmx-two-guest-modes',
  catalogue: 'nested-set-vmx',
  says: 'L2 does not run now and at the entry to SMM at once',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags, smmFlags } }) =>
    (smmFlags & nestedSmmFlags.value.GUEST_MODE) !== 0 && (flags & nestedFlags.value.GUEST_MODE) !== 0,
  witness: { refused: aSetL2({}, { given: { smmFlags: 1 } }), accepted: aSetL2() },
})
