import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { followedIn, followedSince, notFollowedIn, type WrittenInL2 } from './told-of-l2.ts'

const injecting: WrittenInL2 = { began: 0n, now: 0x1002n }

/** NRIP of L2, as user space is told. */
export const svmNextRipTold = behaviour<WrittenInL2, bigint>({
  id: 'svm-next-rip-told',
  catalogue: 'svm-next-rip',
  says: 'KVM_GET_NESTED_STATE tells the NRIP that L2 began with: a software interrupt that is injected anew after a move returns there',
  sources: [
    kernelSource('arch/x86/kvm/svm/svm.c', 'svm_vcpu_run', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/svm.c', 'svm_vcpu_run', '6.1.192'),
    commit('b45d4f3916b4', 'KVM: nSVM: Sync NextRIP to cached vmcb12 after VMRUN of L2'),
  ],
  evidence: 'source',
  versions: [
    { lifetime: until(followedSince, notFollowedIn), does: ({ began }) => began, witness: { in: injecting, out: 0n } },
    {
      lifetime: since(followedSince, followedIn),
      says: 'KVM_GET_NESTED_STATE tells the NRIP that is to be injected with',
      does: ({ now }) => now,
      witness: { in: injecting, out: 0x1002n },
    },
  ],
})
