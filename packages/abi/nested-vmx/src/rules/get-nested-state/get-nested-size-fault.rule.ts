import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { GetNestedState } from './call.ts'
import { aGet } from './witness.ts'

export const getNestedSizeFault = rule<GetNestedState>({
  id: 'get-nested-size-fault',
  catalogue: 'nested-get',
  says: 'the size that user space has room for can be read',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'), askedVmx],
  evidence: 'recorded',
  refuses: ({ readable }) => !readable,
  witness: { refused: aGet({ readable: false }), accepted: aGet() },
})
