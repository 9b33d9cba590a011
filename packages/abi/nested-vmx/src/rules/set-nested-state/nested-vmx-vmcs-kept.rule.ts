import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { keptRegion } from './kept-region.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxVmcsKept = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-vmcs-kept',
  catalogue: 'nested-set-vmx',
  says: 'of the VMCS the 998 bytes that hold something are kept, whatever follows',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, state: { ...call.state, vmcs12: keptRegion(call.given.first) } }),
      witness: {
        in: aSetVmx(),
        out: { ...aSetVmx(), state: { ...aSetVmx().state, vmcs12: keptRegion(aSetVmx().given.first) } },
      },
    },
  ],
})
