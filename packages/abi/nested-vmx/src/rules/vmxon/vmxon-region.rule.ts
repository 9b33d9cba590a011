import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isLegal } from '../../checks/vmcs-check.ts'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { VmxFailure, Vmxon } from './call.ts'
import { aVmxon } from './witness.ts'

export const vmxonRegion = rule<Vmxon, VmxFailure>({
  id: 'vmxon-region',
  catalogue: 'vmxon-rules',
  says: 'the VMXON region is a page that the guest can have',
  lifetime: always,
  errno: 'VMfailInvalid',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmxon', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ vcpu, region }) => !isLegal({ vcpu }, region, 0x1000n),
  witness: { refused: aVmxon({ region: 0x1001n }), accepted: aVmxon() },
})
