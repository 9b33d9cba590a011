import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchLaunched = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-launched',
  catalogue: 'vmlaunch-order',
  says: 'VMLAUNCH takes a VMCS that has not been launched: an enlightened one never counts as launched',
  lifetime: always,
  errno: 'VMfail 4',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  errata: ['it was told of enlightened VMCSs too, which have no launch state'],
  refuses: ({ instruction, enlightened, launched }) =>
    instruction === 'VMLAUNCH' && enlightened !== 'mapped' && launched,
  witness: { refused: aVmlaunch({ launched: true }), accepted: aVmlaunch() },
})
