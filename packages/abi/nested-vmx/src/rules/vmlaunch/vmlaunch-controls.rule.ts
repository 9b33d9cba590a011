import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entryExitChecks } from '../../checks/entry-exit-checks.rows.ts'
import { executionChecks } from '../../checks/execution-checks.rows.ts'
import { askedVmxEntries } from '../../where-recorded.ts'
import { anyFails } from './any-fails.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchControls = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-controls',
  catalogue: 'vmlaunch-order',
  says: 'the controls of the VMCS are in order, by every check that KVM makes of them',
  lifetime: always,
  errno: 'VMfail 7',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ entry }) => anyFails(executionChecks, entry) || anyFails(entryExitChecks, entry),
  witness: { refused: aVmlaunch({}, { PIN_BASED_VM_EXEC_CONTROL: 0n }), accepted: aVmlaunch() },
})
