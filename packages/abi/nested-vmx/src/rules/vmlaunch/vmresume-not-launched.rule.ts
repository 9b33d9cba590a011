import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmresumeNotLaunched = rule<Vmlaunch, EntryFailure>({
  id: 'vmresume-not-launched',
  catalogue: 'vmlaunch-order',
  says: 'VMRESUME takes a VMCS that has been launched, or an enlightened one',
  lifetime: always,
  errno: 'VMfail 5',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  errata: ['it was told of enlightened VMCSs too, which have no launch state'],
  refuses: ({ instruction, enlightened, launched }) =>
    instruction === 'VMRESUME' && enlightened !== 'mapped' && !launched,
  witness: { refused: aVmlaunch({ instruction: 'VMRESUME' }), accepted: aVmlaunch() },
})
