import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { followedIn, followedSince, notFollowedIn, type WrittenInL2 } from './told-of-l2.ts'

const sti: WrittenInL2 = { began: 0n, now: 1n }

/** The interrupt shadow of L2 that user space is told. */
export const svmIntShadowTold = behaviour<WrittenInL2, bigint>({
  id: 'svm-int-shadow-told',
  catalogue: 'svm-int-shadow',
  says: 'KVM_GET_NESTED_STATE tells the interrupt shadow that L2 began with: a guest that is moved then has lost its own',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_sync_control_from_vmcb02', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_sync_control_from_vmcb02', '6.1.192'),
    commit('2acfcf1aa659', 'KVM: nSVM: Sync interrupt shadow to cached vmcb12 after VMRUN of L2'),
  ],
  evidence: 'source',
  versions: [
    { lifetime: until(followedSince, notFollowedIn), does: ({ began }) => began, witness: { in: sti, out: 0n } },
    {
      lifetime: since(followedSince, followedIn),
      says: 'KVM_GET_NESTED_STATE tells the interrupt shadow that L2 has',
      does: ({ now }) => now,
      witness: { in: sti, out: 1n },
    },
  ],
})
