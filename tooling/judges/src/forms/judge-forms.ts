import { createDecoded, createDecoder, format } from '@vmm/x86-decoder'
import { featuresOf, type OpcodeRow, rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { differences } from '../cpu/compare.ts'
import type { Disagreement } from '../cpu/judge.ts'
import { NativeCpu } from '../cpu/native.ts'
import { Random } from '../cpu/random.ts'
import { type Outcome, type Snippet, startOf } from '../cpu/snippet.ts'
import { States } from '../cpu/states.ts'
import type { Subject } from '../cpu/subject.ts'
import { formsOf, type InstructionForm } from './forms.ts'
import { hasLocalTable, hostFeatures } from './host-features.ts'

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

/** Attempts at a state in which an encoding meets its memory. */
const attempts = 20
/** Snippets that the real CPU is given at a time, about. */
const batch = 4000

const { decode } = createDecoder(isExecuted)
const decoded = createDecoded()

/** Lets the real CPU and the subjects run every form from the same states. */
export function judgeForms({ subjects, states, seed, isAsked = () => true, onVerdict }: FormOptions): FormVerdict[] {
  const random = new Random(seed)
  const native = new NativeCpu()
  const verdicts: FormVerdict[] = []
  const done = (verdict: FormVerdict) => {
    verdicts.push(verdict)
    onVerdict?.(verdict)
  }
  try {
    const host = hostFeatures(native)
    const generator = new States(random, hasLocalTable(native))
    const forms = formsOf(random, isAsked)
    for (let at = 0; at < forms.length; ) {
      const asked: Question[] = []
      for (let count = 0; at < forms.length && count < batch; at += 1) {
        const question = questionOf(forms[at]!, generator, states, host)
        count += question.snippets.length
        asked.push(question)
      }
      const answers = native.run(asked.flatMap(({ snippets }) => snippets))
      for (const question of asked) done(verdictOf(question, answers.splice(0, question.snippets.length), subjects))
    }
  } finally {
    native.close()
  }
  return verdicts
}

interface Question {
  readonly form: InstructionForm
  readonly snippets: readonly Snippet[]
  readonly lacks: readonly string[]
  readonly reason: string | undefined
}

function questionOf(form: InstructionForm, states: States, count: number, host: ReadonlySet<string>): Question {
  const lacks = featuresOf(rows[form.row]!, form.vectorLength).filter((name) => !host.has(name))
  if (form.reason !== undefined || lacks.length > 0) return { form, snippets: [], lacks, reason: form.reason }
  const each = form.encodings.flatMap(({ bytes, codeSize }) => {
    decode(bytes, 0, bytes.length, codeSize, decoded)
    const wanted = Math.ceil(count / form.encodings.length)
    const found: Snippet[] = []
    for (let attempt = 0; attempt < wanted * attempts && found.length < wanted; attempt += 1) {
      const snippet = states.around(decoded, bytes, codeSize)
      if (snippet !== undefined) found.push(snippet)
      else if (attempt >= attempts && found.length === 0) break
    }
    return found
  })
  const reason = each.length === 0 ? 'its memory is out of reach' : undefined
  return { form, snippets: each, lacks, reason }
}

function verdictOf(
  { form, snippets, lacks, reason }: Question,
  answers: readonly (Outcome | undefined)[],
  subjects: readonly Subject[],
): FormVerdict {
  const { mnemonic } = rows[form.row]!
  const known = answers.flatMap((real, at) => (real === undefined ? [] : [{ real, snippet: snippets[at]! }]))
  const disagreements = subjects.flatMap((subject) =>
    known.flatMap(({ real, snippet }) => {
      const lines = differences(mnemonic, snippet, real, subject.run(snippet))
      return lines.length === 0 ? [] : [{ subject: subject.name, ...disagreement(mnemonic, snippet, lines) }]
    }),
  )
  return {
    form,
    states: known.length,
    completed: known.filter(({ real, snippet }) => completes(real, snippet)).length,
    lost: answers.length - known.length,
    lacks,
    reason,
    disagreements,
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
