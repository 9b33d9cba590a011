import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** KVM_RUN has come back, of a vCPU whose guest is told the time that is stolen from it. */
export interface LeftRun {
  /** A signal has brought it back between two instructions: nobody will do anything in the guest's name. */
  readonly betweenInstructions: boolean
}

const edge = { absentIn: '5.9', presentIn: '6.1' } as const
const unread = { '4.14': 'unread', '4.19': 'unread', '5.4': 'unread', '5.10': 'unread', '5.15': 'unread' } as const
const asked: LeftRun = { betweenInstructions: false }

export const preemptedTold: Behaviour<LeftRun, boolean> = behaviour({
  id: 'run-preempted-told',
  catalogue: 'pvmsr-steal-time',
  says: 'a guest is told that its processor does not run, so that its others do without it',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_steal_time_set_preempted', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_steal_time_set_preempted', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    { lifetime: until(edge, unread), does: () => true, witness: { in: asked, out: true } },
    {
      lifetime: since(edge, unread),
      says: 'only where it has stopped between two instructions, and not with one that user space finishes',
      does: ({ betweenInstructions }) => betweenInstructions,
      witness: { in: asked, out: false },
    },
  ],
})
