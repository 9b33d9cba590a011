import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isCr4 } from '../../checks/registers.ts'
import { hasFixedBits } from '../../vmcs12/vmx-limits.ts'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { VmxFailure, Vmxon } from './call.ts'
import { aVmxon } from './witness.ts'

export const vmxonFixedBits = rule<Vmxon, VmxFailure>({
  id: 'vmxon-fixed-bits',
  catalogue: 'vmxon-rules',
  says: 'VMXON takes the bits of CR0 and CR4 that VMX fixes',
  lifetime: always,
  errno: '#GP(0)',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmxon', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ vcpu, cr4 }) => !hasFixedBits(vcpu.vmx, 'CR0', vcpu.cr0) || !isCr4(vcpu, cr4),
  witness: { refused: aVmxon({ cr4: 0x8000_2020n }), accepted: aVmxon() },
})
