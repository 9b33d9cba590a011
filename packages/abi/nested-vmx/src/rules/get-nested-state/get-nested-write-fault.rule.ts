import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { GetNestedState } from './call.ts'
import { aGet } from './witness.ts'

export const getNestedWriteFault = rule<GetNestedState>({
  id: 'get-nested-write-fault',
  catalogue: 'nested-get',
  says: 'what is told can be written',
  lifetime: always,
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_get_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_get_nested_state', '6.12.117'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ written, writable }) => written > writable,
  witness: { refused: aGet({ writable: 0, needed: 128, written: 128 }), accepted: aGet() },
})
