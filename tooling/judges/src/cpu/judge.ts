import { createDecoded, decode, format } from '@vmm/x86-decoder'
import { differences } from './compare.ts'
import { Generator } from './generate.ts'
import { NativeCpu } from './native.ts'
import { Random } from './random.ts'
import type { Snippet } from './snippet.ts'
import type { Subject } from './subject.ts'

/** A snippet on which the real CPU and a subject disagree. */
export interface Disagreement {
  readonly mnemonic: string
  readonly text: string
  readonly code: string
  readonly lines: readonly string[]
  readonly snippet: Snippet
}

/** What a run of the judge came to. */
export interface Verdict {
  readonly cases: number
  /** How many were judged of each mnemonic. */
  readonly counts: ReadonlyMap<string, number>
  readonly disagreements: readonly Disagreement[]
  /** Snippets that killed the child: nobody knows what they did. */
  readonly lost: number
}

const batch = 5000

/** Lets the real CPU and a subject run the same random snippets. */
export function judge(subject: Subject, options: { cases: number; seed: number; only?: string }): Verdict {
  const generator = new Generator(new Random(options.seed), options.only)
  const native = new NativeCpu()
  const counts = new Map<string, number>()
  const disagreements: Disagreement[] = []
  let lost = 0
  try {
    for (let done = 0; done < options.cases; done += batch) {
      const snippets = Array.from({ length: Math.min(batch, options.cases - done) }, () => generator.next())
      native.run(snippets).forEach((real, index) => {
        const snippet = snippets[index]!
        const { mnemonic, text } = named(snippet)
        counts.set(mnemonic, (counts.get(mnemonic) ?? 0) + 1)
        if (real === undefined) lost += 1
        else {
          const lines = differences(mnemonic, snippet, real, subject.run(snippet))
          const code = Buffer.from(snippet.code).toString('hex')
          if (lines.length > 0) disagreements.push({ mnemonic, text, code, lines, snippet })
        }
      })
    }
  } finally {
    native.close()
  }
  return { cases: options.cases, counts, disagreements, lost }
}

const decoded = createDecoded()

function named({ code, codeSize }: Snippet): { mnemonic: string; text: string } {
  if (decode(code, 0, code.length, codeSize ?? 64, decoded) !== undefined) return { mnemonic: '(bad)', text: '(bad)' }
  return { mnemonic: decoded.mnemonic, text: format(decoded) }
}
