import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetNestedState } from './call.ts'
import { isShadowing, shadowing } from './shadowing.ts'
import { aSetL2 } from './witness.ts'

export const nestedVmxShadowFault = rule<SetNestedState>({
  id: 'nested-vmx-shadow-fault',
  catalogue: 'nested-set-vmx',
  says: 'the VMCS that is shadowed can be read',
  lifetime: always,
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
  ],
  evidence: 'source',
  refuses: (call) => isShadowing(call) && call.given.second === undefined,
  witness: { refused: aSetL2(shadowing, { given: { second: undefined } }), accepted: aSetL2(shadowing) },
})
