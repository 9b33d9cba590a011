import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

export const nestedStateSize = rule<SetNestedState>({
  id: 'nested-state-size',
  catalogue: 'nested-set-common',
  says: 'a nested state has at least the 128 bytes of its header',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'), askedVmx],
  evidence: 'recorded',
  refuses: ({ given: { size } }) => size < 128,
  witness: { refused: aSetNothing({ given: { size: 127 } }), accepted: aSetNothing() },
})
