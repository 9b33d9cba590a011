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
}

/** A run of the judge of forms. */
export interface RecordedForms {
  readonly cpu: string
  readonly seed: number
  /** Who was compared with the CPU in every state. */
  readonly subjects: readonly string[]
  readonly forms: readonly RecordedForm[]
}

const file = new URL('../../recorded/cpu-forms.json', import.meta.url)

/** A verdict as it is kept. */
export function recordedForm({ form, states, completed, lacks, reason, disagreements }: FormVerdict): RecordedForm {
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
  }
}

/** Keeps a run, a form a line; with `only`, what is kept of other instructions stays. */
export function writeRecorded({ forms, ...head }: RecordedForms, only?: readonly string[]): void {
  const kept = only === undefined ? [] : readRecorded().forms.filter(({ mnemonic }) => !only.includes(mnemonic))
  const lines = inOrder([...kept, ...forms]).map((form) => JSON.stringify(form))
  writeFileSync(file, `${JSON.stringify(head).slice(0, -1)},"forms":[\n${lines.join(',\n')}\n]}\n`)
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
