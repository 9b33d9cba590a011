import type { Deviation } from './deviations.rows.ts'
import type { Answer } from './hosts/answer.ts'
import type { Kernel } from './kernel/kernel.ts'

/** A line that is not what the manual says, and no known deviation either. */
export interface Disagreement {
  readonly check: string
  readonly expected: string
  readonly answer: string
}

/** What a host's answer should have been and was not. Known deviations are expected to be as they are known. */
export function disagreements(kernel: Kernel, answer: Answer, known: readonly Deviation[]): readonly Disagreement[] {
  const found = kernel.checks.flatMap(({ name, expected }, index): Disagreement[] => {
    const deviation = known.find((each) => each.kernel === kernel.name && each.check === name)
    const wanted = deviation?.answer ?? expected
    const line = answer.lines[index]
    if (line === `${name}: ${wanted}`) return []
    const said = line === undefined ? 'nothing' : line.startsWith(`${name}: `) ? line.slice(name.length + 2) : line
    return [{ check: name, expected: wanted, answer: said }]
  })
  const rest = answer.lines.slice(kernel.checks.length).join(' ')
  return answer.finished || found.length > 0
    ? found
    : [{ check: 'the end', expected: 'done', answer: rest === '' ? 'nothing' : rest }]
}
