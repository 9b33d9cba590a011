import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Recorded, recorded, type Subject, subjects } from './kept.ts'
import { type Difference, differencesIn } from './report.ts'

/** A recorded scenario of a machine. */
export interface Case {
  readonly machine: Recorded
  readonly subject: Subject
  readonly scenario: Subject['scenarios'][number]
}

/** Every recorded scenario of every machine. */
export function cases(): readonly Case[] {
  const asked = subjects()
  return recorded().flatMap((machine) =>
    asked.flatMap((subject) =>
      subject.scenarios
        .filter(({ name }) => machine.answers.get(subject.name)?.has(name))
        .map((scenario) => ({ machine, subject, scenario })),
    ),
  )
}

/** The steps that ours answers otherwise, but for those that are excused. */
export function unequalSteps({ machine, subject, scenario }: Case): readonly Difference[] {
  return differencesIn(scenario, machine.answers.get(subject.name) ?? new Map(), machine)
}

const list = new URL('unequal.txt', import.meta.url)

/** What is known to be answered otherwise: which steps, by machine and scenario. */
export function listed(): ReadonlyMap<string, string> {
  if (!existsSync(list)) return new Map()
  const lines = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
}

/** A case in the list. */
export const nameOf = ({ machine, subject, scenario }: Case): string =>
  `${machine.name} ${subject.name} ${scenario.name}`

/** Its steps in the list. */
export const stepsOf = (differences: readonly Difference[]): string => differences.map(({ number }) => number).join(' ')

/** Writes the list anew; answers how many cases are in it. */
function writeList(): number {
  const unequal = cases()
    .map((each) => [nameOf(each), stepsOf(unequalSteps(each))] as const)
    .filter(([, steps]) => steps !== '')
  const about = `# Recorded scenarios whose answers ours does not give yet, with the numbers of the steps.
# pnpm judge kernel --unequal writes it anew; a test holds it to what is so.
`
  writeFileSync(list, `${about}${unequal.map(([name, steps]) => `${name}: ${steps}\n`).join('')}`)
  return unequal.length
}

/** Writes the list and says how long it is; answers the exit code. */
export function listUnequal(): number {
  const [all, unequal] = [cases().length, writeList()]
  console.log(`${all - unequal} of ${all} recorded scenarios are answered alike`)
  return 0
}
