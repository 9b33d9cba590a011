import { parseArgs } from 'node:util'
import { sentenceOf } from '../flags.ts'
import { suggestion } from '../nearest.ts'
import { UsageError } from '../usage-error.ts'

/** What a command that tells something says, and its exit status. */
export interface Told {
  readonly text: string
  readonly status: number
}

/** Said, and all is well. */
export const said = (lines: readonly string[]): Told => ({ text: `${lines.join('\n')}\n`, status: 0 })

type Flags = Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string }>>

/**
 * The flags of one command, and what is no flag.
 * @throws {UsageError} for flags that it does not have.
 */
export function flagsOf<const F extends Flags>(command: string, args: readonly string[], options: F) {
  const known = Object.keys(options).map((name) => `--${name}`)
  const unknown = args.find((arg) => arg.startsWith('--') && !known.includes(arg.split('=')[0] ?? ''))
  if (unknown !== undefined) {
    throw new UsageError(`unknown flag ${unknown}${suggestion(unknown, known)} (see vmm ${command} --help)`)
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(sentenceOf(error as Error))
  }
}
