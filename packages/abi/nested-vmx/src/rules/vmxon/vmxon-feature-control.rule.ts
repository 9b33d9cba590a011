import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { VmxFailure, Vmxon } from './call.ts'
import { aVmxon } from './witness.ts'

export const vmxonFeatureControl = rule<Vmxon, VmxFailure>({
  id: 'vmxon-feature-control',
  catalogue: 'vmxon-rules',
  says: 'VMXON takes IA32_FEATURE_CONTROL locked, with VMX outside SMX',
  lifetime: always,
  errno: '#GP(0)',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmxon', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ featureControl }) => (featureControl & 5n) !== 5n,
  witness: { refused: aVmxon({ featureControl: 4n }), accepted: aVmxon() },
})
