import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { VmxFailure, Vmxon } from './call.ts'
import { aVmxon } from './witness.ts'

export const vmxonWithoutVmxe = rule<Vmxon, VmxFailure>({
  id: 'vmxon-without-vmxe',
  catalogue: 'vmxon-rules',
  says: 'VMXON takes CR4.VMXE',
  lifetime: always,
  errno: '#UD',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmxon', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ cr4 }) => (cr4 & 0x2000n) === 0n,
  witness: { refused: aVmxon({ cr4: 0x20n }), accepted: aVmxon() },
})
