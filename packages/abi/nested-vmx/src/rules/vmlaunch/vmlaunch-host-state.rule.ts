import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostChecks } from '../../checks/host-checks.rows.ts'
import { askedVmxEntries } from '../../where-recorded.ts'
import { anyFails } from './any-fails.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchHostState = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-host-state',
  catalogue: 'vmlaunch-order',
  says: 'the host of the VMCS is in order, by every check that KVM makes of it',
  lifetime: always,
  errno: 'VMfail 8',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ entry }) => anyFails(hostChecks, entry),
  witness: { refused: aVmlaunch({}, { HOST_CR0: 1n }), accepted: aVmlaunch() },
})
