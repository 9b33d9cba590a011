import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

/** A moment in the life of a hypercall. */
export type HypercallMoment = 'begun' | 'answered' | 'left for user space' | 'completed'

/** The statistic `hypercalls` of a vCPU: which moments count. */
export const hypercallCounted: Behaviour<HypercallMoment, boolean> = behaviour<HypercallMoment, boolean>({
  id: 'hc-stats',
  catalogue: 'hc-stats',
  says: 'every hypercall of KVM’s own interface is counted, also one that fails',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.14'),
      says: 'when it has its answer: one that user space is asked about, in the KVM_RUN after that',
      does: (moment) => moment === 'answered' || moment === 'completed',
      witness: { in: 'left for user space', out: false },
    },
    {
      lifetime: since('6.14'),
      says: 'when it is begun',
      sources: [commit('05a518b49dd6', 'KVM: x86: Bump hypercall stat prior to fully completing hypercall')],
      does: (moment) => moment === 'begun',
      witness: { in: 'completed', out: false },
    },
  ],
})
