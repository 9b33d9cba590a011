import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { keptRegion } from './kept-region.ts'
import { isShadowing, shadowing } from './shadowing.ts'
import { aSetL2 } from './witness.ts'

const shadowed = aSetL2(shadowing)

export const nestedVmxShadowKept = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-shadow-kept',
  catalogue: 'nested-set-vmx',
  says: 'the VMCS that is shadowed is kept',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) =>
        isShadowing(call) ? { ...call, state: { ...call.state, shadowVmcs12: keptRegion(call.given.second) } } : call,
      witness: {
        in: aSetL2(shadowing),
        out: { ...shadowed, state: { ...shadowed.state, shadowVmcs12: keptRegion(shadowed.given.second) } },
      },
    },
  ],
})
