import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchAfterMovSs = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-after-mov-ss',
  catalogue: 'vmlaunch-order',
  says: 'L2 is not entered behind a MOV to SS',
  lifetime: always,
  errno: 'VMfail 26',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ blockedByMovSs }) => blockedByMovSs,
  witness: { refused: aVmlaunch({ blockedByMovSs: true }), accepted: aVmlaunch() },
})
