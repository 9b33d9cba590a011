import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { efer } from '../../checks/registers.ts'
import { has } from '../../checks/vmcs-check.ts'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchHostWidth = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-host-width',
  catalogue: 'vmlaunch-order',
  says: 'the host of the VMCS has 64 bits exactly where L1 is in long mode',
  lifetime: always,
  errno: 'VMfail 8',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ entry }) => has(entry, 'VM_EXIT_CONTROLS', 0x200n) !== ((entry.vcpu.efer & efer.LMA) !== 0n),
  witness: {
    refused: aVmlaunch({}, { VM_EXIT_CONTROLS: 0x3_6dfbn, VM_ENTRY_CONTROLS: 0x11fbn }),
    accepted: aVmlaunch(),
  },
})
