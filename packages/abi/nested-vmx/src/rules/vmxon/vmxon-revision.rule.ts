import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { vmcs12Revision } from '../../vmcs12/vmcs12.ts'
import { askedVmxEntries } from '../../where-recorded.ts'
import type { VmxFailure, Vmxon } from './call.ts'
import { aVmxon } from './witness.ts'

export const vmxonRevision = rule<Vmxon, VmxFailure>({
  id: 'vmxon-revision',
  catalogue: 'vmxon-rules',
  says: 'the VMXON region has memory, and begins with the revision',
  lifetime: always,
  errno: 'VMfailInvalid',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'handle_vmxon', '6.12.117'), askedVmxEntries],
  evidence: 'recorded',
  refuses: ({ revision }) => revision !== vmcs12Revision,
  witness: { refused: aVmxon({ revision: undefined }), accepted: aVmxon() },
})
