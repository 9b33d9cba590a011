import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type BulkCall, threeEntries } from './call.ts'

/** There is no error for a register that failed: only a count that is too small. 0 of 3 is success to the system call. */
export const msrsUntilFirstFailure = behaviour<BulkCall, BulkCall>({
  id: 'msrs-until-first-failure',
  catalogue: 'msr-bulk-partial',
  says: 'entries are taken in order until one fails, those before it stay, and the call returns how many were done',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__msr_io', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: takeEntries,
      witness: { in: threeEntries, out: { ...threeEntries, done: 1 } },
    },
  ],
})

function takeEntries(call: BulkCall): BulkCall {
  const entries = [...call.entries]
  for (const [at, entry] of call.entries.entries()) {
    const answer = call.each(entry)
    if (call.access === 'read') entries[at] = { ...entry, data: answer.data }
    if (!answer.done) return { ...call, entries, done: at }
  }
  return { ...call, entries, done: call.entries.length }
}
