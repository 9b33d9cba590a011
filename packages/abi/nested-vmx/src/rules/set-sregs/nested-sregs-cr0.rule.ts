import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { cr0 } from '../../checks/registers.ts'
import type { NestedState } from '../../nested-state.ts'
import { vmcs12Reader } from '../../vmcs12/vmcs12.ts'
import { hasFixedBits } from '../../vmcs12/vmx-limits.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { NestedSregs } from './call.ts'
import { aSetSregs } from './witness.ts'

const secondary = 0x8000_0000n
const unrestricted = 0x80n

function freeBits({ guestMode, vmcs12 }: NestedState): bigint {
  const read = vmcs12Reader(vmcs12)
  const counts = guestMode && (read('CPU_BASED_VM_EXEC_CONTROL') & secondary) !== 0n
  return counts && (read('SECONDARY_VM_EXEC_CONTROL') & unrestricted) !== 0n ? cr0.PG | cr0.PE : 0n
}

export const nestedSregsCr0 = rule<NestedSregs>({
  id: 'nested-sregs-cr0',
  catalogue: 'nested-set-sregs',
  says: 'in VMX operation CR0 keeps the bits that VMX fixes; those of paging and protected mode are free for an unrestricted L2',
  lifetime: since('6.5', { '5.4': 'unread', '5.10': 'unread', '5.15': 'unread', '6.1': '6.1.43', '6.4': '6.4.8' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_is_valid_cr0', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_is_valid_cr0', '6.1.192'),
    commit('26a0652cb453', 'KVM: x86: Disallow KVM_SET_SREGS{2} if incoming CR0 is invalid'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ cr0, vcpu, state }) => state.vmxon && !hasFixedBits(vcpu.vmx, 'CR0', cr0, freeBits(state)),
  witness: { refused: aSetSregs({ cr0: 0x8000_0001n }), accepted: aSetSregs() },
})
