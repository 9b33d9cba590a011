import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { vmcs12Bytes, vmcsRegionBytes } from '../../vmcs12/vmcs12.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { isShadowing, shadowing } from './shadowing.ts'
import { aSetL2 } from './witness.ts'

export const nestedVmxNoRoomForShadow = rule<SetNestedState>({
  id: 'nested-vmx-no-room-for-shadow',
  catalogue: 'nested-set-vmx',
  says: 'where the VMCS shadows another one, there is room for both',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: (call) => isShadowing(call) && call.given.size < 128 + vmcsRegionBytes + vmcs12Bytes,
  witness: { refused: aSetL2(shadowing, { given: { size: 5221 } }), accepted: aSetL2(shadowing) },
})
