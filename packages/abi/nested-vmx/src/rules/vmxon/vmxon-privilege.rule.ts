import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { VmxFailure, Vmxon } from './call.ts'
import { aVmxon } from './witness.ts'

export const vmxonPrivilege = rule<Vmxon, VmxFailure>({
  id: 'vmxon-privilege',
  catalogue: 'vmxon-rules',
  says: 'VMXON takes privilege 0',
  lifetime: always,
  errno: '#GP(0)',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmxon', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ cpl }) => cpl !== 0,
  witness: { refused: aVmxon({ cpl: 3 }), accepted: aVmxon() },
})
