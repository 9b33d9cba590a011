import { readFileSync, writeFileSync } from 'node:fs'
import { rows } from '@vmm/x86-opcodes'
import type { Where } from './forms.ts'
import type { FormVerdict } from './judge-forms.ts'

/** What a real CPU made of a form, as it is kept. */
export interface RecordedForm {
  readonly opcode: string
  readonly operands: string
  readonly mnemonic: string
  /** The feature that its row names, which tells rows apart that are alike otherwise. */
  readonly needs?: string
  /** What ModRM.r/m is. */
  readonly where: Where
  /** Operand size or vector length where the row has several. */
  readonly width?: number
  /** States that it was asked about, and those in which the instruction completed rather than faulted. */
  readonly states?: number
  readonly completed?: number
  /** States in which someone did otherwise. */
  readonly differ?: number
  /** CPUID features that the host does not have. */
  readonly lacks?: readonly string[]
  /** Why nothing was asked. */
  readonly reason?: string
  /** What all subjects did in these states, as `Answers` has it: the CPU did the same in each. */
  readonly answers?: string
}

/** A run of the judge of forms. */
export interface RecordedForms {
  readonly cpu: string
  readonly seed: number
  /** Whether the program that asked had a local descriptor table. */
  readonly local: boolean
  /** Who was compared with the CPU in every state. */
  readonly subjects: readonly string[]
  readonly forms: readonly RecordedForm[]
}

const file = new URL('../../recorded/cpu-forms.json', import.meta.url)

/** A verdict as it is kept. */
export function recordedForm(verdict: FormVerdict): RecordedForm {
  const { form, states, completed, lacks, reason, disagreements, answers } = verdict
  const { opcode, operands, mnemonic, needs } = rows[form.row]!
  const asked = lacks.length === 0 && reason === undefined
  const differ = new Set(disagreements.map(({ snippet }) => snippet)).size
  return {
    opcode,
    operands: operands.join(' '),
    mnemonic,
    ...(needs === undefined ? {} : { needs }),
    where: form.where,
    ...(form.width === 0 ? {} : { width: form.width }),
    ...(asked ? { states, completed } : {}),
    ...(differ === 0 ? {} : { differ }),
    ...(lacks.length === 0 ? {} : { lacks }),
    ...(lacks.length > 0 || reason === undefined ? {} : { reason }),
    ...(asked && isSound(verdict) ? { answers: answers[0]! } : {}),
  }
}

/** Whether the CPU told what it did in every state, and everybody else did the same. */
export const isSound = ({ disagreements, lost, answers }: FormVerdict): boolean =>
  disagreements.length === 0 && lost === 0 && answers.length === 1

/** The name that `formName` gives a form. */
export const recordedName = ({ opcode, operands, mnemonic, needs = '', where, width = 0 }: RecordedForm): string =>
  [opcode, operands, mnemonic, needs, where, width].join(' ')

/** Keeps a run, a form a line; with `only`, what is kept of other instructions stays. */
export function writeRecorded({ forms, ...head }: RecordedForms, only?: readonly string[]): void {
  const kept = only === undefined ? [] : keptBeside(head).filter(({ mnemonic }) => !only.includes(mnemonic))
  const lines = inOrder([...kept, ...forms]).map((form) => JSON.stringify(form))
  writeFileSync(file, `${JSON.stringify(head).slice(0, -1)},"forms":[\n${lines.join(',\n')}\n]}\n`)
}

/** What is kept and may stay: of this CPU, and with answers in states of this seed. Throws a `RangeError` where it may not. */
function keptBeside(head: Omit<RecordedForms, 'forms'>): readonly RecordedForm[] {
  const { forms, ...other } = readRecorded()
  const isSame = (name: keyof typeof head) => JSON.stringify(other[name]) === JSON.stringify(head[name])
  const haveAnswers = forms.some(({ answers }) => answers !== undefined)
  if (!isSame('cpu') || !isSame('subjects') || (haveAnswers && !(isSame('seed') && isSame('local'))))
    throw new RangeError(`what is kept is of ${JSON.stringify(other)}: it is recorded as a whole`)
  return forms
}

/** In the order of the rows. */
function inOrder(forms: readonly RecordedForm[]): readonly RecordedForm[] {
  const place = new Map(rows.map((row, at) => [`${row.opcode} ${row.operands.join(' ')} ${row.needs}`, at]))
  const placeOf = ({ opcode, operands, needs }: RecordedForm) =>
    place.get(`${opcode} ${operands} ${needs}`) ?? rows.length
  return forms.toSorted((one, other) => placeOf(one) - placeOf(other))
}

/** The run that is kept. */
export const readRecorded = (): RecordedForms => JSON.parse(readFileSync(file, 'utf8')) as RecordedForms
