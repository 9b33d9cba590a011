import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { aVmlaunch } from './witness.ts'

export const vmlaunchEnlightenedVersion = rule<Vmlaunch, EntryFailure>({
  id: 'vmlaunch-enlightened-version',
  catalogue: 'vmlaunch-order',
  says: 'an enlightened VMCS has a version that KVM knows',
  lifetime: always,
  errno: 'VMfailInvalid',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_run', '6.12.117')],
  evidence: 'source',
  refuses: ({ enlightened }) => enlightened === 'of another version',
  witness: { refused: aVmlaunch({ enlightened: 'of another version' }), accepted: aVmlaunch() },
})
