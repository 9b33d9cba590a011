import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { VcpuAttributeCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'

export const vcpuAttributeUnknown = rule<VcpuAttributeCall>({
  id: 'vcpu-attribute-unknown',
  catalogue: 'tsc-offset-attr',
  says: 'the group has one attribute',
  lifetime: since({ absentIn: '5.15.85', presentIn: '6.1' }),
  errno: 'ENXIO',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_tsc_get_attr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_tsc_has_attr', '6.12.117'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ attr }) => attr !== 0n,
  witness: { refused: { group: 0, attr: 1n, usable: true }, accepted: { group: 0, attr: 0n, usable: true } },
})
