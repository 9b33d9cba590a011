import { nestedFlags } from '@vmm/kvm-uapi'
import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { isShort } from './short.ts'
import { aSetVmx } from './witness.ts'

const { GUEST_MODE, EVMCS } = nestedFlags.value

export const nestedVmxNoRoomForVmcs = rule<SetNestedState>({
  id: 'nested-vmx-no-room-for-vmcs',
  catalogue: 'nested-set-vmx',
  says: 'a state with a current VMCS, with an enlightened one or with L2 has room for what a VMCS holds: 998 bytes',
  lifetime: since({ absentIn: '5.7', presentIn: '5.10' }, { '5.4': 'unread', '5.7': 'unread' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: (call) =>
    isShort(call) && ((call.given.flags & (GUEST_MODE | EVMCS)) !== 0 || call.given.vmcs12Address !== noAddress),
  witness: { refused: aSetVmx({}, { given: { size: 1125 } }), accepted: aSetVmx({}, { given: { size: 1126 } }) },
})
