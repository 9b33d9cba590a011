import { createDecoded, decode, format } from '@vmm/x86-decoder'
import { type Asked, askCpu } from '../cpu/ask-cpu.ts'
import { differences, isRefusedStore } from '../cpu/compare.ts'
import type { NativeCpu } from '../cpu/native.ts'
import { Random } from '../cpu/random.ts'
import { dataOffset, type Outcome, place, type Snippet, startOf } from '../cpu/snippet.ts'
import type { Subject } from '../cpu/subject.ts'
import { large, type Sequence, SequenceGenerator } from './generate.ts'

/** A sequence on which the real CPU and a subject disagree. */
export interface Disagreement {
  readonly sequence: Sequence
  readonly lines: readonly string[]
}

/** What a run of the judge came to. A sequence counts as its first mnemonic. */
export interface Verdict extends Asked {
  readonly disagreements: readonly Disagreement[]
}

/** What differs in a sequence, a line each; a fault must also be at the same instruction. */
export function sequenceDifferences(sequence: Sequence, real: Outcome, ours: Outcome): readonly string[] {
  const { mnemonics, snippet } = sequence
  const [first, ...also] = mnemonics
  if (isStoreOnlyOneMakes(sequence, [real, ours])) return []
  const [a, b] = [real, ours].map((outcome) => withoutMakersOwn(mnemonics, snippet, outcome)) as [Outcome, Outcome]
  const lines = differences(first!, snippet, a, b, also)
  if (lines.length > 0 || real.vector === undefined || real.rip === ours.rip) return lines
  return [`fault at ${real.rip.toString(16)}; ours ${ours.rip.toString(16)}`]
}

/** Whether one end is a store's that is refused for its place, where an unmasked exception kept the other from making it at all. */
function isStoreOnlyOneMakes({ snippet }: Sequence, ends: readonly [Outcome, Outcome]): boolean {
  const [earlier, later] = ends.toSorted((a, b) => Number(a.rip - b.rip)) as [Outcome, Outcome]
  const at = Number(earlier.rip) - startOf(snippet)
  if (earlier.rip === later.rip || at < 0) return false
  if (decode(snippet.code, at, snippet.code.length, 64, decoded) !== undefined) return false
  return isRefusedStore(decoded.mnemonic, earlier)
}

/** Lets the real CPU and a subject run the same random x87 sequences. */
export function judgeSequences(subject: Subject, options: { cases: number; seed: number; only?: string }): Verdict {
  const generator = new SequenceGenerator(new Random(options.seed), options.only)
  const disagreements: Disagreement[] = []
  const asked = askCpu<Sequence>(options.cases, {
    next: () => generator.next(),
    snippetOf: ({ snippet }) => snippet,
    mnemonicOf: ({ mnemonics }) => mnemonics[0]!,
    look: (sequence, real, native) => {
      const ours = subject.run(sequence.snippet, sequence.mnemonics.length)
      const lines = sequenceDifferences(sequence, real, ours)
      if (lines.length > 0 && !isForgetful(native, sequence, ours)) disagreements.push({ sequence, lines })
    },
  })
  return { ...asked, disagreements }
}

/**
 * Whether the processor agrees when it is asked again. AMD's save the pointers of the x87 only with an exception that is
 * pending: where the host switches tasks within a sequence they are lost. Source: APM 2 §11.4.4.
 */
function isForgetful(native: NativeCpu, sequence: Sequence, ours: Outcome): boolean {
  const again = native.run([sequence.snippet])[0]
  return again !== undefined && sequenceDifferences(sequence, again, ours).length === 0
}

const words = { FSW: 1, FCS: 4, FDP: 5, FDS: 6 } as const
const summary = 0x80

/** Control instructions, and MMX ones: the pointers stay. SDM 1 §8.1.8. */
const keepsPointers: ReadonlySet<string> = new Set(
  'FNINIT FNCLEX FLDCW FNSTCW FNSTSW FNSTENV FLDENV FNSAVE FRSTOR FWAIT FNENI FNDISI FNSETPM EMMS MOVQ PADDD'.split(
    ' ',
  ),
)

/**
 * An outcome without those words of a stored environment in which processors differ: selectors, which some keep and others
 * have deprecated (CPUID.07H:EBX bit 13); the data pointer, which some move with every instruction and some with exceptions alone (CPUID.07H:EBX bit 6);
 * and the opcode unless an unmasked exception made it be kept, rather than FLDCW unmask an old one. Of an environment that is not all there, any byte may be the first to be missed. SDM 1 §8.1.8, §8.1.9.
 */
function withoutMakersOwn(mnemonics: readonly string[], { code, gprs }: Snippet, outcome: Outcome): Outcome {
  const address = mnemonics.some((mnemonic) => large.has(mnemonic)) ? outcome.address & ~0xfffn : outcome.address
  const last = mnemonics.at(-1)
  const base = Number(gprs[7]! - BigInt(place.data + dataOffset))
  if ((last !== 'FNSTENV' && last !== 'FNSAVE') || base >= place.dataBytes) return { ...outcome, address }
  const data = outcome.data.slice()
  const view = new DataView(data.buffer, base)
  const size = code.at(-3) === 0x66 ? 2 : 4
  const isPending = (view.getUint16(words.FSW * size, true) & summary) !== 0 && !mnemonics.includes('FLDCW')
  const staysKept = mnemonics.every((mnemonic) => keepsPointers.has(mnemonic))
  view.setUint16(words.FCS * size, 0, true)
  view.setUint16(words.FDS * size, 0, true)
  if (size === 4 && !isPending && !staysKept) view.setUint16(words.FCS * size + 2, 0, true)
  if (!staysKept) for (let at = 0; at < size; at += 1) view.setUint8(words.FDP * size + at, 0)
  return { ...outcome, address, data }
}

const decoded = createDecoded()

/** The instructions of a snippet as text. */
export function listing({ code }: Snippet): string {
  const texts: string[] = []
  for (let at = 0; at < code.length; at += decoded.length) {
    if (decode(code, at, code.length, 64, decoded) !== undefined) return [...texts, '?'].join('; ')
    texts.push(format(decoded))
  }
  return texts.join('; ')
}
