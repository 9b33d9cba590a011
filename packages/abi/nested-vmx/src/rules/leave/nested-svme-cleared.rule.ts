import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { efer } from '../../checks/registers.ts'
import { leftNested, type NestedState } from '../../nested-state.ts'
import { askedSvm } from '../../where-recorded.ts'
import type { EferSet } from './call.ts'
import { svmL2 } from './witness.ts'

const isCleared = (before: bigint, after: bigint): boolean => (before & ~after & efer.SVME) !== 0n

export const nestedSvmeCleared = behaviour<EferSet, NestedState>({
  id: 'nested-svme-cleared',
  catalogue: 'nested-set-sregs',
  says: 'user space that clears EFER.SVME puts a vCPU out of L2',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_efer', '6.12.117'), askedSvm],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until({ absentIn: '6.19', presentIn: '7.1' }),
      says: 'GIF is set then',
      does: ({ state, before, after }) => (isCleared(before, after) ? { ...leftNested(state), gif: true } : state),
      witness: { in: { state: svmL2, before: efer.SVME, after: 0n }, out: { ...leftNested(svmL2), gif: true } },
    },
    {
      lifetime: since({ absentIn: '6.19', presentIn: '7.1' }),
      says: 'GIF stays as it is',
      does: ({ state, before, after }) => (isCleared(before, after) ? leftNested(state) : state),
      witness: { in: { state: svmL2, before: efer.SVME, after: 0n }, out: leftNested(svmL2) },
    },
  ],
})
