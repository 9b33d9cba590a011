import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { VmxFailure, Vmxon } from './call.ts'
import { aVmxon } from './witness.ts'

export const vmxonTwice = rule<Vmxon, VmxFailure>({
  id: 'vmxon-twice',
  catalogue: 'vmxon-rules',
  says: 'VMXON in VMX operation fails',
  lifetime: always,
  errno: 'VMfail 15',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmxon', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ vmxon }) => vmxon,
  witness: { refused: aVmxon({ vmxon: true }), accepted: aVmxon() },
})
