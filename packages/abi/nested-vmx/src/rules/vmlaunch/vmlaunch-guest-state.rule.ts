import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestChecks } from '../../checks/guest-checks.rows.ts'
import { askedVmxEntries } from '../../where-recorded.ts'
import { anyFails } from './any-fails.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchGuestState = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-guest-state',
  catalogue: 'vmlaunch-order',
  says: 'the guest of the VMCS is in order, by every check that KVM makes of it: else L2 exits before it begins',
  lifetime: always,
  errno: 'exit 0x80000021',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ entry }) => anyFails(guestChecks, entry),
  witness: { refused: aVmlaunch({}, { GUEST_CR0: 1n }), accepted: aVmlaunch() },
})
