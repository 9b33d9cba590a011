import { createDecoded, createDecoder, format } from '@vmm/x86-decoder'
import { featuresOf, type OpcodeRow, rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { differences } from '../cpu/compare.ts'
import { hasLocalTable, hostFeatures } from '../cpu/host-features.ts'
import type { Disagreement } from '../cpu/judge.ts'
import { NativeCpu } from '../cpu/native.ts'
import { type Outcome, type Snippet, startOf } from '../cpu/snippet.ts'
import type { Subject } from '../cpu/subject.ts'
import { Answers } from './answers.ts'
import { formStates, type StatesWanted } from './form-states.ts'
import { formsOf, type InstructionForm } from './forms.ts'

/** What the real CPU was asked of a form, and who did otherwise. */
export interface FormVerdict {
  readonly form: InstructionForm
  /** States that the real CPU was asked about, and in how many of them the instruction completed. */
  readonly states: number
  readonly completed: number
  /** States that killed the program that asks: nobody knows what they did. */
  readonly lost: number
  /** CPUID features that the host does not have: what it did tells nothing. */
  readonly lacks: readonly string[]
  /** Why nothing was asked. */
  readonly reason: string | undefined
  readonly disagreements: readonly (Disagreement & { readonly subject: string })[]
  /** What the subjects did in all of the states; several if they did not do the same. */
  readonly answers: readonly string[]
}

/** What became of every form, and whether the program that asked had a local descriptor table: their states depend on it. */
export interface Judgement {
  readonly verdicts: readonly FormVerdict[]
  readonly local: boolean
}

/** What to ask. */
export interface FormOptions {
  readonly subjects: readonly Subject[]
  readonly states: number
  readonly seed: number
  /** Which rows; all of them unless told. */
  readonly isAsked?: (row: OpcodeRow) => boolean
  /** Told of each form as it is done. */
  readonly onVerdict?: (verdict: FormVerdict) => void
}

/** Snippets that the real CPU is given at a time, about. */
const batch = 4000

const { decode } = createDecoder(isExecuted)
const decoded = createDecoded()

/** Lets the real CPU and the subjects run every form from the same states. */
export function judgeForms(options: FormOptions): Judgement {
  const native = new NativeCpu()
  try {
    return judgeOn(native, options)
  } finally {
    native.close()
  }
}

function judgeOn(
  native: NativeCpu,
  { subjects, states, seed, isAsked = () => true, onVerdict }: FormOptions,
): Judgement {
  const verdicts: FormVerdict[] = []
  const done = (verdict: FormVerdict) => {
    verdicts.push(verdict)
    onVerdict?.(verdict)
  }
  const host = hostFeatures(native)
  const local = hasLocalTable(native)
  const forms = formsOf(seed, isAsked)
  for (let at = 0; at < forms.length; ) {
    const asked: Question[] = []
    for (let count = 0; at < forms.length && count < batch; at += 1) {
      const question = questionOf(forms[at]!, { seed, states, local }, host)
      count += question.snippets.length
      asked.push(question)
    }
    const answers = native.run(asked.flatMap(({ snippets }) => snippets))
    for (const question of asked) done(verdictOf(question, answers.splice(0, question.snippets.length), subjects))
  }
  return { verdicts, local }
}

interface Question {
  readonly form: InstructionForm
  readonly snippets: readonly Snippet[]
  readonly lacks: readonly string[]
  readonly reason: string | undefined
}

function questionOf(form: InstructionForm, wanted: StatesWanted, host: ReadonlySet<string>): Question {
  const lacks = featuresOf(rows[form.row]!, form.vectorLength).filter((name) => !host.has(name))
  if (form.reason !== undefined || lacks.length > 0) return { form, snippets: [], lacks, reason: form.reason }
  const snippets = formStates(form, wanted)
  return { form, snippets, lacks, reason: snippets.length === 0 ? 'its memory is out of reach' : undefined }
}

function verdictOf(
  { form, snippets, lacks, reason }: Question,
  natives: readonly (Outcome | undefined)[],
  subjects: readonly Subject[],
): FormVerdict {
  const { mnemonic } = rows[form.row]!
  const known = natives.flatMap((real, at) => (real === undefined ? [] : [{ real, snippet: snippets[at]! }]))
  const disagreements: FormVerdict['disagreements'][number][] = []
  const answers = subjects.map((subject) => {
    const sum = new Answers(mnemonic)
    for (const { real, snippet } of known) {
      const ours = subject.run(snippet)
      sum.add(snippet, ours)
      const lines = differences(mnemonic, snippet, real, ours)
      if (lines.length > 0) disagreements.push({ subject: subject.name, ...disagreement(mnemonic, snippet, lines) })
    }
    return sum.text()
  })
  return {
    form,
    states: known.length,
    completed: known.filter(({ real, snippet }) => completes(real, snippet)).length,
    lost: snippets.length - known.length,
    lacks,
    reason,
    disagreements,
    answers: [...new Set(answers)],
  }
}

/** A branch that is taken ends at whatever is there. */
const completes = ({ vector, rip }: Outcome, snippet: Snippet): boolean =>
  vector === undefined || rip !== BigInt(startOf(snippet))

function disagreement(mnemonic: string, snippet: Snippet, lines: readonly string[]): Disagreement {
  const { code, codeSize = 64 } = snippet
  decode(code, 0, code.length, codeSize, decoded)
  return { mnemonic, text: format(decoded), code: Buffer.from(code).toString('hex'), lines, snippet }
}
