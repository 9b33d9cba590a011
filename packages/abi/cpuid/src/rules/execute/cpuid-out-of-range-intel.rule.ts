import { behaviour, between, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { anExecution, type CpuidExecution } from '../../cpuid-execution.ts'
import { type CpuidEntry, type CpuidTable, entry } from '../../entry.ts'
import { findLeaf, findSubleaf, type KernelLookup } from '../kernel-lookup.ts'
import { executed61, executed612 } from './where-read.ts'

type FirstOf = (leaf: number) => number

const byHighBit: FirstOf = (leaf) => (leaf & 0x8000_0000) >>> 0

/** Each hypervisor's range of 100H leaves, and Centaur's, has a maximum of its own. */
const byClass: FirstOf = (leaf) => {
  if (leaf >= 0x4000_0000 && leaf <= 0x4fff_ffff) return (leaf & 0xffff_ff00) >>> 0
  return leaf >= 0xc000_0000 ? 0xc000_0000 : byHighBit(leaf)
}

function isOutOfRange(table: CpuidTable, leaf: number, firstOf: FirstOf, lookup: KernelLookup): boolean {
  const first = findLeaf(table, firstOf(leaf), lookup)
  return first === undefined || leaf > first.eax
}

function redirected(call: CpuidExecution, lookup: KernelLookup): CpuidExecution {
  const highest = findLeaf(call.table, 0, lookup)?.eax
  if (highest === undefined) return call
  const found = findSubleaf(call.table, highest, call.index, lookup)
  return { ...call, answering: highest, found, answer: answerOf(found, call) }
}

function answerOf(found: CpuidEntry | undefined, { answer }: CpuidExecution): CpuidExecution['answer'] {
  if (found === undefined) return answer
  const { eax, ebx, ecx, edx } = found
  return { eax, ebx, ecx, edx }
}

const by =
  (firstOf: FirstOf, lookup: KernelLookup) =>
  (call: CpuidExecution): CpuidExecution => {
    if (call.found !== undefined || !call.redirects) return call
    return isOutOfRange(call.table, call.leaf, firstOf, lookup) ? redirected(call, lookup) : call
  }

/** Before 5.5 a range without a first leaf was nobody's, and its leaves zeros. */
const inKnownRanges = (call: CpuidExecution): CpuidExecution =>
  findLeaf(call.table, byHighBit(call.leaf), 'stateful') === undefined ? call : by(byHighBit, 'stateful')(call)

const basic = entry(2, { eax: 0x77 })
const table = [
  entry(0, { eax: 2 }),
  basic,
  entry(0x8000_0000, { eax: 0x8000_0001 }),
  entry(0x4000_0000, { eax: 0x4000_0001 }),
]
const extended = anExecution({ table, leaf: 0x8000_0055, answering: 0x8000_0055 })
const hypervisors = anExecution({ table, leaf: 0x4000_0001, answering: 0x4000_0001 })
const answered = { answering: 2, found: basic, answer: { eax: 0x77, ebx: 0, ecx: 0, edx: 0 } }

/** The index asked for stays, also for the leaf that answers. */
export const cpuidOutOfRangeIntel = behaviour<CpuidExecution, CpuidExecution>({
  id: 'cpuid-out-of-range-intel',
  catalogue: 'cpuid-out-of-range-intel',
  says: 'a leaf out of range is answered by the highest basic leaf',
  sources: [executed61, executed612],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.5'),
      says: 'a range without a first leaf is zeros',
      does: inKnownRanges,
      witness: { in: extended, out: { ...extended, ...answered } },
    },
    {
      lifetime: between('5.5', '5.7'),
      says: 'a hypervisor’s leaves are in the basic range',
      sources: [commit('43561123ab37', 'kvm: x86: Improve emulation of CPUID leaves 0BH and 1FH')],
      does: by(byHighBit, 'stateful'),
      witness: { in: hypervisors, out: { ...hypervisors, ...answered } },
    },
    {
      lifetime: since('5.7'),
      says: 'hypervisors and Centaur have ranges of their own',
      sources: [commit('09c7431ed3eb', 'KVM: x86: Refactor out-of-range logic to contain the madness')],
      does: by(byClass, 'first'),
      witness: { in: hypervisors, out: hypervisors },
    },
  ],
})
