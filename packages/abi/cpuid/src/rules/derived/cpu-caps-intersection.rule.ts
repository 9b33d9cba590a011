import { behaviour, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { type CpuidEntry, type CpuidTable, entry } from '../../entry.ts'
import type { OutputRegister } from '../../leaf.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findSubleaf } from '../kernel-lookup.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { after616 } from '../set-cpuid/where-read.ts'
import { derived } from './derive.ts'
import { featureWords } from './feature-words.rows.ts'

/** What KVM emulates and does not always tell of: MONITOR and MOVBE of leaf 1, RDPID of leaf 7. */
const emulated: Readonly<Record<string, number>> = { '1 0 ecx': (1 << 3) | (1 << 22), '7 0 ecx': 1 << 22 }

/** The features that follow registers: a guest has them as its table says, supported or not. */
const following: Readonly<Record<string, number>> = {
  '1 0 ecx': (1 << 27) | (1 << 3),
  '1 0 edx': 1 << 9,
  '7 0 ecx': 1 << 4,
}

/** The feature words of a sub-leaf, with the bits that a guest has whether KVM tells of them or not. */
interface WordsOfSubleaf {
  readonly leaf: number
  readonly index: number
  readonly words: readonly { readonly register: OutputRegister; readonly anyway: number }[]
}

const subleaves: readonly WordsOfSubleaf[] = [
  ...Map.groupBy(featureWords, ({ leaf, index }) => `${leaf.toString(16)} ${index}`),
].map(([name, words]) => ({
  leaf: words[0]!.leaf,
  index: words[0]!.index,
  words: words.map(({ register }) => {
    const word = `${name} ${register}`
    return { register, anyway: (emulated[word] ?? 0) | (following[word] ?? 0) }
  }),
}))

function capabilitiesOf({ stored, host, lookup }: SetCpuidCall): CpuidTable {
  const supported = host.supported()
  const kept: CpuidEntry[] = []
  for (const { leaf, index, words } of subleaves) {
    const told = findSubleaf(stored, leaf, index, lookup)
    if (told === undefined) continue
    const can = findSubleaf(supported, leaf, index, 'first')
    const cut = { ...told, eax: 0, ebx: 0, ecx: 0, edx: 0 }
    for (const { register, anyway } of words) cut[register] = (told[register] & ((can?.[register] ?? 0) | anyway)) >>> 0
    kept.push(cut)
  }
  return kept
}

const supported = () => [entry(1, { edx: 0b0110 })]
const asks = aCall({ stored: [entry(1, { edx: 0b1100 })], host: { ...aCall().host, supported } })

/** What KVM decides by where a feature of the guest matters to it. */
export const cpuCapsIntersection = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'cpu-caps-intersection',
  catalogue: 'cpu-caps-intersection',
  says: 'what a guest can do is decided by its CPUID table',
  sources: [after616],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.14'),
      says: 'alone, whether KVM supports it or not; since 6.6 a dozen features must be supported, too',
      sources: [commit('42764413d195', 'KVM: x86: Add a framework for enabling KVM-governed x86 features')],
      does: (call) => derived(call, { capabilities: undefined }),
      witness: { in: asks, out: asks },
    },
    {
      lifetime: since('6.14'),
      says: 'and by what KVM supports, word by word',
      sources: [
        commit('a7a308f863a1', 'KVM: x86: Initialize guest cpu_caps based on guest CPUID'),
        commit('8f2a27752e80', 'KVM: x86: Replace (almost) all guest CPUID feature queries with cpu_caps'),
      ],
      does: (call) => derived(call, { capabilities: capabilitiesOf(call) }),
      witness: { in: asks, out: derived(asks, { capabilities: [entry(1, { edx: 0b0100 })] }) },
    },
  ],
})
