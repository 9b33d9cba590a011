import { readFileSync } from 'node:fs'
import { rows } from '@vmm/x86-opcodes'
import { noNative } from '../cpu/native.ts'
import { type SubjectName, sayDisagreement, subjectNamed, subjectNames } from '../cpu/report.ts'
import type { InstructionForm } from './forms.ts'
import { type FormVerdict, judgeForms } from './judge-forms.ts'
import { isSound, recordedForm, writeRecorded } from './recorded.ts'

/** What to judge, and whether it is kept. */
export interface CpuOptions {
  readonly states: number
  readonly seed: number
  readonly subject?: SubjectName
  /** Mnemonics; all unless told. */
  readonly only?: readonly string[]
  readonly record: boolean
}

/** Lets the host's CPU judge every form, and prints a line of each. Gives the exit status. */
export function judgeCpu({ states, seed, subject, only, record }: CpuOptions): number {
  const nobody = noNative()
  if (nobody !== undefined) {
    console.log(`skipped: ${nobody}`)
    return 0
  }
  const names = subject === undefined ? subjectNames : [subject]
  const { verdicts, local } = judgeForms({
    subjects: names.map(subjectNamed),
    states,
    seed,
    isAsked: ({ mnemonic }) => only === undefined || only.includes(mnemonic),
    onVerdict: (verdict) => console.log(sayVerdict(verdict)),
  })
  console.log(summary(verdicts))
  if (record) writeRecorded({ cpu: cpuName(), seed, local, subjects: names, forms: verdicts.map(recordedForm) }, only)
  return verdicts.every(isSound) ? 0 : 1
}

function sayForm({ row, where, width }: InstructionForm): string {
  const { opcode, mnemonic, operands } = rows[row]!
  const with_ = [where === 'none' ? '' : where, width === 0 ? '' : `${width} bits`].filter((text) => text !== '')
  return `${opcode}  ${[mnemonic, operands.join(',')].join(' ').trim()}${with_.length === 0 ? '' : ` (${with_.join(', ')})`}`
}

function sayVerdict({ form, states, completed, lost, lacks, reason, disagreements, answers }: FormVerdict): string {
  const text = sayForm(form)
  if (lacks.length > 0) return `${text}: the host has no ${lacks.join(', ')}`
  if (reason !== undefined) return `${text}: not asked: ${reason}`
  const refused = completed === 0 && states > 0 ? ', all of them refused to a program' : ''
  const counts = `${text}: ${states} states${refused}, ${disagreements.length} differ${lost === 0 ? '' : `, ${lost} lost`}${answers.length === 1 ? '' : ', of ours some do otherwise than others'}`
  const [first] = disagreements
  return first === undefined ? counts : `${counts}\n${first.subject}: ${sayDisagreement(first)}`
}

function summary(verdicts: readonly FormVerdict[]): string {
  const count = (is: (verdict: FormVerdict) => boolean) => verdicts.filter(is).length
  const states = verdicts.reduce((sum, one) => sum + one.states, 0)
  return [
    `${verdicts.length} forms, ${states} states, ${count((one) => !isSound(one))} forms differ`,
    `${count(({ states, completed }) => states > 0 && completed === 0)} forms are refused to programs, and were seen to be`,
    `${count(({ lacks }) => lacks.length > 0)} need what the host does not have`,
    `${count(({ lacks, reason }) => lacks.length === 0 && reason !== undefined)} were not asked, for a reason`,
  ].join('; ')
}

/** What the host's CPU is: family and model. */
function cpuName(): string {
  const text = readFileSync('/proc/cpuinfo', 'utf8')
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? '?'
  return `${field('vendor_id')} family ${field('cpu family')} model ${field('model')}`
}
