import { rows } from '@vmm/x86-opcodes'
import { differences } from '../cpu/compare.ts'
import type { Outcome, Snippet } from '../cpu/snippet.ts'
import { Answers } from './answers.ts'
import { formStates } from './form-states.ts'
import { formName, formsOf, type InstructionForm } from './forms.ts'
import { type RecordedForm, type RecordedForms, recordedName } from './recorded.ts'

/** Someone who runs snippets. */
export interface Runner {
  readonly name: string
  run(snippet: Snippet): Outcome
}

/**
 * Has the subjects answer again what a real CPU was asked: no CPU is needed, for the seed brings forth the same states. A line
 * for each form of which one answers otherwise than all did when the CPU agreed with them.
 */
export function replay({ seed, local, forms }: RecordedForms, subjects: readonly Runner[]): readonly string[] {
  const kept = forms.filter(({ answers }) => answers !== undefined)
  const mnemonics = new Set(kept.map(({ mnemonic }) => mnemonic))
  const known = new Map(formsOf(seed, ({ mnemonic }) => mnemonics.has(mnemonic)).map((form) => [formName(form), form]))
  return kept.flatMap((one) => {
    const form = known.get(recordedName(one))
    if (form === undefined) return `${recordedName(one)}: there is no such form any more`
    const line = replayForm(one, formStates(form, { seed, local, states: one.states! }), subjects, form)
    return line === undefined
      ? []
      : `${line}; pnpm judge cpu --seed ${seed} --states ${one.states} --only ${one.mnemonic}`
  })
}

function replayForm(
  recorded: RecordedForm,
  states: readonly Snippet[],
  subjects: readonly Runner[],
  { row }: InstructionForm,
): string | undefined {
  const { mnemonic } = rows[row]!
  const name = recordedName(recorded)
  if (states.length !== recorded.states) return `${name}: has ${states.length} states, not ${recorded.states}`
  const answers = subjects.map((subject) => answersOf(mnemonic, states, (snippet) => subject.run(snippet)))
  const wrong = answers.findIndex((answer) => answer !== recorded.answers)
  if (wrong < 0) return undefined
  const right = answers.indexOf(recorded.answers!)
  const says = `${name}: the ${subjects[wrong]!.name} comes to ${answers[wrong]}, not to ${recorded.answers}`
  return right < 0 ? says : `${says}; ${firstDifference(mnemonic, states, subjects[right]!, subjects[wrong]!)}`
}

function answersOf(mnemonic: string, states: readonly Snippet[], run: (snippet: Snippet) => Outcome): string {
  const answers = new Answers(mnemonic)
  for (const snippet of states) answers.add(snippet, run(snippet))
  return answers.text()
}

/** The first state in which one does otherwise than another who does what the CPU did. */
function firstDifference(mnemonic: string, states: readonly Snippet[], right: Runner, wrong: Runner): string {
  const differs = (snippet: Snippet) =>
    answersOf(mnemonic, [snippet], () => right.run(snippet)) !==
    answersOf(mnemonic, [snippet], () => wrong.run(snippet))
  const at = states.findIndex(differs)
  if (at < 0) return 'each state alone is answered alike'
  const snippet = states[at]!
  const lines = differences(mnemonic, snippet, right.run(snippet), wrong.run(snippet))
  const code = Buffer.from(snippet.code).toString('hex')
  return `state ${at} (${code}, ${snippet.codeSize}-bit code), where the ${right.name} does what the CPU did: ${lines.join(', ') || 'in bits that are not compared'}`
}
