import { NativeCpu } from './native.ts'
import type { Outcome, Snippet } from './snippet.ts'

const batch = 5000

/** What is asked of the CPU, and what is done with its answers. */
export interface Questions<T> {
  readonly next: () => T
  readonly snippetOf: (question: T) => Snippet
  /** What a question counts as. */
  readonly mnemonicOf: (question: T) => string
  readonly look: (question: T, real: Outcome, native: NativeCpu) => void
}

/** How many were asked of each mnemonic, and how many killed the child: nobody knows what they did. */
export interface Asked {
  readonly counts: ReadonlyMap<string, number>
  readonly lost: number
}

/** Asks the real CPU, many questions at a time. */
export function askCpu<T>(cases: number, { next, snippetOf, mnemonicOf, look }: Questions<T>): Asked {
  const native = new NativeCpu()
  const counts = new Map<string, number>()
  let lost = 0
  try {
    for (let done = 0; done < cases; done += batch) {
      const questions = Array.from({ length: Math.min(batch, cases - done) }, next)
      for (const [index, real] of native.run(questions.map(snippetOf)).entries()) {
        const question = questions[index]!
        const mnemonic = mnemonicOf(question)
        counts.set(mnemonic, (counts.get(mnemonic) ?? 0) + 1)
        if (real === undefined) lost += 1
        else look(question, real, native)
      }
    }
  } finally {
    native.close()
  }
  return { counts, lost }
}
