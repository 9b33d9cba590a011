import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { VmxFailure, Vmxon } from './call.ts'
import { aVmxon } from './witness.ts'

export const vmxonMode = rule<Vmxon, VmxFailure>({
  id: 'vmxon-mode',
  catalogue: 'vmxon-rules',
  says: 'VMXON takes protected mode, and 64-bit code in long mode',
  lifetime: always,
  errno: '#UD',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmxon', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ modeIsRight }) => !modeIsRight,
  witness: { refused: aVmxon({ modeIsRight: false }), accepted: aVmxon() },
})
