import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { MsrError } from '../../kvm-call.ts'

/** A read that failed, and what user space had put into its entry. */
export interface FailedRead {
  readonly error: MsrError
  readonly before: bigint
}

/** What KVM_GET_MSRS leaves in the entry at which it stopped. */
export const failedEntryReads = behaviour<FailedRead, bigint>({
  id: 'failed-entry-reads',
  catalogue: 'msr-bulk-partial',
  says: 'the entry of a register that cannot be read is written back as 0',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_do_msr_access', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.12'),
      says: 'only where no such register is known; else the entry keeps what user space put there',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_ignored_check', '6.1')],
      does: ({ error, before }) => (error === 'unsupported' ? 0n : before),
      witness: { in: { error: 'invalid', before: 7n }, out: 7n },
    },
    {
      lifetime: since('6.12'),
      sources: [commit('1cec2034980a', 'KVM: x86: Funnel all fancy MSR return value handling into a common helper')],
      does: () => 0n,
      witness: { in: { error: 'invalid', before: 7n }, out: 0n },
    },
  ],
})
