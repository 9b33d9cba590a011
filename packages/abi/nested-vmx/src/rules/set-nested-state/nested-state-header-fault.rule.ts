import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

export const nestedStateHeaderFault = rule<SetNestedState>({
  id: 'nested-state-header-fault',
  catalogue: 'nested-set-common',
  says: 'the 128 bytes of the header can be read',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'), askedVmx],
  evidence: 'recorded',
  refuses: ({ given: { headerReadable } }) => !headerReadable,
  witness: { refused: aSetNothing({ given: { headerReadable: false } }), accepted: aSetNothing() },
})
