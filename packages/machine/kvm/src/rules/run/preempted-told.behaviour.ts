import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

/** KVM_RUN has come back, of a vCPU whose guest is told the time that is stolen from it. */
export interface LeftRun {
  /** A signal has brought it back between two instructions: nobody will do anything in the guest's name. */
  readonly betweenInstructions: boolean
}

const unread = { '4.14': 'unread', '4.19': 'unread', '5.17': 'unread', '5.18': 'unread' } as const
const repaired = { '5.4': '5.4.244', '5.10': '5.10.180', '5.15': '5.15.60' } as const
const toldIn = { '5.4': { until: '5.4.244' }, '5.10': { until: '5.10.180' }, '5.15': { until: '5.15.60' } } as const
const asked: LeftRun = { betweenInstructions: false }

export const preemptedTold: Behaviour<LeftRun, boolean> = behaviour({
  id: 'run-preempted-told',
  catalogue: 'pvmsr-steal-time',
  says: 'a guest is told that its processor does not run, so that its others do without it',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_steal_time_set_preempted', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_steal_time_set_preempted', '6.1.192'),
    commit('6cd88243c7e0', 'KVM: x86: do not report a vCPU as preempted outside instruction boundaries'),
  ],
  evidence: 'source',
  versions: [
    { lifetime: until('5.19', { ...unread, ...toldIn }), does: () => true, witness: { in: asked, out: true } },
    {
      lifetime: since('5.19', { ...unread, ...repaired }),
      says: 'only where it has stopped between two instructions, and not with one that user space finishes',
      does: ({ betweenInstructions }) => betweenInstructions,
      witness: { in: asked, out: false },
    },
  ],
})
