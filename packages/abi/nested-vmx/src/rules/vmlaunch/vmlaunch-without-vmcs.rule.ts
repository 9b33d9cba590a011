import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchWithoutVmcs = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-without-vmcs',
  catalogue: 'vmlaunch-order',
  says: 'there is a current VMCS',
  lifetime: always,
  errno: 'VMfailInvalid',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ enlightened, current }) => enlightened !== 'mapped' && !current,
  witness: { refused: aVmlaunch({ current: false }), accepted: aVmlaunch() },
})
