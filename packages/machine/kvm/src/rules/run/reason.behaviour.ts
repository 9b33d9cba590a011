import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'

/** KVM_EXIT_UNKNOWN. */
const unknown = 0

/** KVM_EXIT_*, as it stands in `kvm_run`: when the guest is about to be entered, and what is left of it. */
export const runReason: Behaviour<number, number> = behaviour<number, number>({
  id: 'run-reason-unknown',
  catalogue: 'run-order',
  says: 'a call that fails after the guest was to be entered leaves no reason of an earlier one',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'vcpu_run', '6.12.117'), askedMemory],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.8'),
      says: 'it leaves the reason as it was',
      does: (reason) => reason,
      witness: { in: 5, out: 5 },
    },
    {
      lifetime: since('6.8'),
      does: () => unknown,
      witness: { in: 5, out: unknown },
    },
  ],
})
