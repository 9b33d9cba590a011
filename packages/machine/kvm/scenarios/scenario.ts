import { profileFrom } from '@vmm/kvm'
import type { Profile } from '@vmm/rule'
import { cite, type Source } from '@vmm/source'

/** Something to be asked of a kernel, and its answer in a few words. */
export interface Question {
  readonly asks: string
  readonly answer: (kernel: Profile) => string
}

/** A thread of the mailing list as something that is played: what it proposes, what came of it, what releases do. */
export interface Scenario {
  readonly title: string
  readonly thread: Source
  /** What it is about, in a sentence or two. */
  readonly about: string
  /** Releases with what the thread proposes over them, `'5.4+rfc-cpuid-ebusy'`. */
  readonly proposed: readonly string[]
  /** The releases in which something came of it first. */
  readonly merged: readonly string[]
  readonly questions: readonly Question[]
}

/** The releases that every scenario is played on: a series stands for the newest that is known of it. */
export const played: readonly string[] =
  '5.4 5.10 5.13 5.15 5.16.0 5.16.3 5.16.5 5.17 6.1 6.3 6.4 6.6 6.8 6.9 6.10 6.12 6.14 6.15 6.18.2 6.18 6.19 7.0'.split(
    ' ',
  )

/** A scenario as a page: each question with what was proposed, what was merged, and what each of the releases does. */
export function pageOf(scenario: Scenario, kernels: readonly string[] = played): string {
  const { title, thread, about, questions } = scenario
  const parts = questions.map((question) => told(question, scenario, kernels))
  return `${[`# ${title}`, about, `Thread: ${cite(thread)}`, ...parts].join('\n\n')}\n`
}

function told({ asks, answer }: Question, { proposed, merged }: Scenario, kernels: readonly string[]): string {
  const answers = new Map<string, string>()
  const ask = (kernel: string): string => {
    const says = answers.get(kernel) ?? answer(profileFrom({ kernel }))
    answers.set(kernel, says)
    return says
  }
  const rows = [
    ...proposed.map((kernel) => ['proposed', kernel, ask(kernel)]),
    ...merged.map((kernel) => ['merged', kernel, ask(kernel)]),
    ...alike(kernels, ask).map(([kernel, says]) => ['released', kernel, says]),
  ]
  return [
    `## ${asks}`,
    '',
    '| | kernel | answer |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n')
}

/** Neighbours that say the same, as one. */
function alike(kernels: readonly string[], ask: (kernel: string) => string): readonly (readonly [string, string])[] {
  const begins = kernels.filter((kernel, at) => at === 0 || ask(kernel) !== ask(kernels[at - 1] ?? ''))
  return begins.map((first, at) => {
    const end = kernels.indexOf(begins[at + 1] ?? '')
    const last = kernels.at(end === -1 ? -1 : end - 1) ?? first
    return [first === last ? first : `${first} to ${last}`, ask(first)]
  })
}
