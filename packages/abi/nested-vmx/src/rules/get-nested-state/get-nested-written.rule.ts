import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedSvm } from '../../where-recorded.ts'
import type { GetNestedState } from './call.ts'
import { writtenBytes } from './told.ts'
import { aGet, inSvmL2 } from './witness.ts'

export const getNestedWritten = behaviour<GetNestedState, GetNestedState>({
  id: 'get-nested-written',
  catalogue: 'nested-get',
  says: 'VMX tells nothing where there is not room for all; SVM writes what it has to tell wherever there is room for a header, and past the end of what user space has room for',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_get_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_get_nested_state', '6.12.117'),
    askedSvm,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, written: writtenBytes(call) }),
      witness: {
        in: aGet({ state: inSvmL2, size: 128, needed: 4224 }),
        out: aGet({ state: inSvmL2, size: 128, needed: 4224, written: 4224 }),
      },
    },
  ],
})
