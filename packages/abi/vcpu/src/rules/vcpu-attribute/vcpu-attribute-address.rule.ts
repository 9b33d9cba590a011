import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { VcpuAttributeCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'

export const vcpuAttributeAddress = rule<VcpuAttributeCall>({
  id: 'vcpu-attribute-address',
  catalogue: 'tsc-offset-attr',
  says: 'the value must be readable, or writable',
  lifetime: since({ absentIn: '5.15.85', presentIn: '6.1' }),
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_tsc_get_attr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_tsc_set_attr', '6.12.117'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ usable }) => !usable,
  witness: { refused: { group: 0, attr: 0n, usable: false }, accepted: { group: 0, attr: 0n, usable: true } },
})
