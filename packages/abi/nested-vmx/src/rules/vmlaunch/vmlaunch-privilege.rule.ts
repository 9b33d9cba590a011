import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchPrivilege = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-privilege',
  catalogue: 'vmlaunch-order',
  says: 'L2 is entered with privilege 0',
  lifetime: always,
  errno: '#GP(0)',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ cpl }) => cpl !== 0,
  witness: { refused: aVmlaunch({ cpl: 3 }), accepted: aVmlaunch() },
})
