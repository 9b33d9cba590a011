import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchOutsideVmx = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-outside-vmx',
  catalogue: 'vmlaunch-order',
  says: 'L2 is entered in VMX operation',
  lifetime: always,
  errno: '#UD',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ vmxon }) => !vmxon,
  witness: { refused: aVmlaunch({ vmxon: false }), accepted: aVmlaunch() },
})
