import type { Scenario } from './scenario.ts'
import { Files, probeBases, rawOf, type readPrinted, scriptOf } from './script.ts'
import { actionOf } from './step.ts'
import { Teller } from './tell.ts'

/** What a kernel answered to scenarios, step by step, by the scenario's name. */
export type Answers = ReadonlyMap<string, readonly Answered[]>

/** A step, and what was answered. */
export interface Answered {
  readonly step: string
  readonly answer: string
}

/**
 * What the probe printed, told step by step.
 * @throws {RangeError} if it did not print an answer to every step.
 */
export function answersOf(scenarios: readonly Scenario[], printed: ReturnType<typeof readPrinted>): Answers {
  const { answers } = scriptOf(scenarios)
  return new Map(
    scenarios.map((scenario, nth) => {
      const teller = new Teller()
      const files = new Files(scenario)
      const lines = printed.scenarios.get(scenario.name) ?? []
      const told: Answered[] = []
      for (const [at, step] of (answers[nth] ?? []).entries()) {
        if (step < 0) continue
        const [asked = '', line] = [scenario.steps[step], lines[at]]
        if (line === undefined) throw new RangeError(`${scenario.name}: nothing was printed for ${asked}`)
        const action = actionOf(asked, probeBases(files))
        told.push({ step: asked, answer: teller.tell(action, rawOf(action, line)) })
      }
      return [scenario.name, told]
    }),
  )
}

/** What is known when some scenarios have been asked again, in any order: the newer answers, and the older to the others. */
export function mergedAnswers(before: Answers, now: Answers): Answers {
  return new Map([...before, ...now])
}

/** Answers as a text, in the order of the scenarios, each behind its step. */
export function textOf(scenarios: readonly Scenario[], answers: Answers): string {
  return scenarios
    .filter(({ name }) => answers.has(name))
    .map(({ name }) =>
      [`= ${name}`, ...(answers.get(name) ?? []).map(({ step, answer }) => `${step} → ${answer}`)].join('\n'),
    )
    .join('\n')
    .concat('\n')
}

/** Reads what `textOf` wrote. */
export function readAnswers(text: string): Answers {
  const blocks = text.split(/^= /m).slice(1)
  return new Map(
    blocks.map((block) => {
      const [name = '', ...lines] = block.trimEnd().split('\n')
      return [name, lines.map(answeredIn)]
    }),
  )
}

function answeredIn(line: string): Answered {
  const at = line.indexOf(' → ')
  return { step: line.slice(0, at), answer: line.slice(at + 3) }
}
