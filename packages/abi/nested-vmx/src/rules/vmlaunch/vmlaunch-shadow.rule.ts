import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchShadow = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-shadow',
  catalogue: 'vmlaunch-order',
  says: 'the current VMCS is none that another shadows',
  lifetime: always,
  errno: 'VMfailInvalid',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ isShadow }) => isShadow,
  witness: { refused: aVmlaunch({ isShadow: true }), accepted: aVmlaunch() },
})
