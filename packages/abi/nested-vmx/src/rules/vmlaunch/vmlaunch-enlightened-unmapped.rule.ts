import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchEnlightenedUnmapped = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-enlightened-unmapped',
  catalogue: 'vmlaunch-order',
  says: 'an enlightened VMCS can be mapped',
  lifetime: always,
  errno: '#UD',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117')],
  evidence: 'source',
  refuses: ({ enlightened }) => enlightened === 'not to be mapped',
  witness: { refused: aVmlaunch({ enlightened: 'not to be mapped' }), accepted: aVmlaunch() },
})
