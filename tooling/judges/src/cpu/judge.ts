import { createDecoded, decode, format } from '@vmm/x86-decoder'
import { type Asked, askCpu } from './ask-cpu.ts'
import { differences } from './compare.ts'
import { Generator } from './generate.ts'
import { hostFeatures } from './host-features.ts'
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
export interface Verdict extends Asked {
  readonly cases: number
  readonly disagreements: readonly Disagreement[]
}

/** Lets the real CPU and a subject run the same random snippets. */
export function judge(subject: Subject, options: { cases: number; seed: number; only?: string }): Verdict {
  const { seed, only } = options
  const generator = new Generator(new Random(seed), { host: featuresOfHost(), ...(only === undefined ? {} : { only }) })
  const disagreements: Disagreement[] = []
  const asked = askCpu(options.cases, {
    next: () => {
      const snippet = generator.next()
      return { snippet, ...named(snippet) }
    },
    snippetOf: ({ snippet }) => snippet,
    mnemonicOf: ({ mnemonic }) => mnemonic,
    look: ({ snippet, mnemonic, text }, real) => {
      const lines = differences(mnemonic, snippet, real, subject.run(snippet))
      const code = Buffer.from(snippet.code).toString('hex')
      if (lines.length > 0) disagreements.push({ mnemonic, text, code, lines, snippet })
    },
  })
  return { cases: options.cases, ...asked, disagreements }
}

function featuresOfHost(): ReadonlySet<string> {
  const native = new NativeCpu()
  try {
    return hostFeatures(native)
  } finally {
    native.close()
  }
}

const decoded = createDecoded()

function named({ code, codeSize }: Snippet): { mnemonic: string; text: string } {
  if (decode(code, 0, code.length, codeSize ?? 64, decoded) !== undefined) return { mnemonic: '(bad)', text: '(bad)' }
  return { mnemonic: decoded.mnemonic, text: format(decoded) }
}
