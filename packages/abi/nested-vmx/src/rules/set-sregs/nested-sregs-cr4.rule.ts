import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hasFixedBits } from '../../vmcs12/vmx-limits.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { NestedSregs } from './call.ts'
import { aSetSregs } from './witness.ts'

export const nestedSregsCr4 = rule<NestedSregs>({
  id: 'nested-sregs-cr4',
  catalogue: 'nested-set-sregs',
  says: 'in VMX operation CR4 keeps the bits that VMX fixes, VMXE among them',
  lifetime: since({ absentIn: '5.10', presentIn: '5.15' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_is_valid_cr4', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_is_valid_cr4', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ cr4, vcpu, state }) => state.vmxon && !hasFixedBits(vcpu.vmx, 'CR4', cr4),
  witness: { refused: aSetSregs({ cr4: 0x20n }), accepted: aSetSregs() },
})
