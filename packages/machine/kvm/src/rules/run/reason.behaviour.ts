import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { mayRun, type RunCase } from './case.ts'

/** KVM_EXIT_UNKNOWN. */
const unknown = 0

export const runReason: Behaviour<RunCase, RunCase> = behaviour({
  id: 'run-reason-unknown',
  catalogue: 'run-order',
  says: 'a call that fails after the guest was to be entered leaves no reason of an earlier one',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'vcpu_run', '6.12.117'), askedMemory],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.8'),
      says: 'it leaves the reason as it was',
      does: (call) => call,
      witness: { in: { ...mayRun, reason: 5 }, out: { ...mayRun, reason: 5 } },
    },
    {
      lifetime: since('6.8'),
      does: (call) => (call.reason === unknown ? call : { ...call, reason: unknown }),
      witness: { in: { ...mayRun, reason: 5 }, out: mayRun },
    },
  ],
})
