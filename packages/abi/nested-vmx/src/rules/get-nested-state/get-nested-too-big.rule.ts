import { always, rule } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { GetNestedState } from './call.ts'
import { aGet, inL2 } from './witness.ts'

export const getNestedTooBig = rule<GetNestedState>({
  id: 'get-nested-too-big',
  catalogue: 'nested-get',
  says: 'user space has room for what is told',
  lifetime: always,
  errno: 'E2BIG',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    kernelDoc('Documentation/virt/kvm/api.rst', '4.114 KVM_GET_NESTED_STATE'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ needed, size }) => needed > size,
  witness: { refused: aGet({ state: inL2, size: 4223, needed: 4224 }), accepted: aGet({ state: inL2, size: 4224 }) },
})
