import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { nestedVcpu } from '../../nested-vcpu.ts'
import type { NestedSregs } from './call.ts'
import { aSetSregs } from './witness.ts'

const vmxe = 1n << 13n

export const nestedSregsVmxeInSmm = rule<NestedSregs>({
  id: 'nested-sregs-vmxe-in-smm',
  catalogue: 'nested-set-sregs',
  says: 'in SMM CR4.VMXE cannot be set',
  lifetime: since({ absentIn: '5.10', presentIn: '5.15' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_is_valid_cr4', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_is_valid_cr4', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ cr4, vcpu: { format, inSmm } }) => format === 'vmx' && inSmm && (cr4 & vmxe) !== 0n,
  witness: { refused: aSetSregs({ vcpu: nestedVcpu('vmx', { inSmm: true }) }), accepted: aSetSregs() },
})
