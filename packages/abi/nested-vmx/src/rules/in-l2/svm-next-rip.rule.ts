import { behaviour, between, since, until } from '@vmm/rule'
import { apm, commit, kernelSource } from '@vmm/source'

/** L2 is entered with an event of EVENTINJ: where a software interrupt of it is to return to. */
export interface L2Injection {
  /** L1's CPUID has NRIPS. */
  readonly offered: boolean
  /** The processor has it. */
  readonly hasNrips: boolean
  /** NRIP and RIP of L1's VMCB for L2. */
  readonly nextRip: bigint
  readonly rip: bigint
  /** NRIP as the processor or KVM have left it, since L2 was entered first. */
  readonly left: bigint
  /** VMRUN has just been executed: L2 has not run since. */
  readonly first: boolean
}

const withoutNrips: L2Injection = {
  offered: false,
  hasNrips: true,
  nextRip: 0n,
  rip: 0x1000n,
  left: 0x2000n,
  first: true,
}
const again: L2Injection = { ...withoutNrips, first: false }
const takenEdge = { absentIn: '5.15', presentIn: '6.1' } as const
const againEdge = { absentIn: '6.19', presentIn: '7.3' } as const
const unread = { '6.6': 'unread', '6.18': 'unread', '6.19': 'unread' } as const

/** Without NRIPS, L1 has moved RIP itself. */
const taken = ({ offered, hasNrips, nextRip, rip, left }: L2Injection): bigint => {
  if (offered) return nextRip
  return hasNrips ? rip : left
}

/** Where a software interrupt that L1 injects into L2 returns to. */
export const svmNextRip = behaviour<L2Injection, bigint>({
  id: 'svm-next-rip',
  catalogue: 'svm-next-rip',
  says: 'the processor returns from a software interrupt that L1 injects to whatever NRIP held before',
  sources: [
    apm('2', '15.20', 'Event Injection'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_vmcb02_prepare_control', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_vmcb02_prepare_control', '6.1.192'),
    commit('00f08d99dd7d', 'KVM: nSVM: Sync next_rip field from vmcb12 to vmcb02'),
  ],
  evidence: 'source',
  versions: [
    { lifetime: until(takenEdge), does: ({ left }) => left, witness: { in: withoutNrips, out: 0x2000n } },
    {
      lifetime: between(takenEdge, againEdge, { ...unread, '6.12': { until: '6.12.114' } }),
      says: 'a software interrupt that L1 injects returns to NRIP of its VMCB, and to RIP there where L1 has no NRIPS',
      does: taken,
      witness: { in: again, out: 0x1000n },
    },
    {
      lifetime: since(againEdge, { ...unread, '6.12': '6.12.114' }),
      says: 'a software interrupt that L1 injects returns to NRIP of its VMCB, and to RIP there where L1 has no NRIPS; of later entries NRIP counts',
      does: (injection) => (injection.first || !injection.hasNrips ? taken(injection) : injection.left),
      witness: { in: again, out: 0x2000n },
    },
  ],
})
