import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { GetNestedState } from './call.ts'
import { aGet, inL2 } from './witness.ts'

export const getNestedSizeWriteFault = rule<GetNestedState>({
  id: 'get-nested-size-write-fault',
  catalogue: 'nested-get',
  says: 'where there is no room, the size that it takes can be written',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117')],
  evidence: 'source',
  refuses: ({ needed, size, writable }) => needed > size && writable < 8,
  witness: { refused: aGet({ state: inL2, size: 128, writable: 0, needed: 4224 }), accepted: aGet() },
})
