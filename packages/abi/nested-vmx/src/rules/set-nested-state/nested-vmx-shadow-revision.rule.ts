import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { revisionOf, shadowIndicator, vmcs12Of, vmcs12Revision } from '../../vmcs12/vmcs12.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { isShadowing, shadowing } from './shadowing.ts'
import { aSetL2 } from './witness.ts'

const nothing = new Uint8Array(0)

export const nestedVmxShadowRevision = rule<SetNestedState>({
  id: 'nested-vmx-shadow-revision',
  catalogue: 'nested-set-vmx',
  says: 'the VMCS that is shadowed has the revision, and the bit that makes it one',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: (call) =>
    isShadowing(call) && revisionOf(call.given.second ?? nothing) !== (vmcs12Revision | shadowIndicator) >>> 0,
  witness: { refused: aSetL2(shadowing, { given: { second: vmcs12Of({}) } }), accepted: aSetL2(shadowing) },
})
