import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeScratch, scratch } from '@vmm/scratch'
import { childProgram } from './child.ts'
import { decodeReplies, encodeRequests, type Outcome, reply, type Snippet } from './snippet.ts'

/** Why the real CPU cannot be asked here, or undefined. */
export function noNative(): string | undefined {
  if (process.platform !== 'linux') return `the child is a Linux program and this is ${process.platform}`
  if (process.arch !== 'x64') return `the child is an x86-64 program and this is ${process.arch}`
  return /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8')) ? undefined : 'this CPU has no AVX2'
}

/** A child that takes longer hangs in a loop of its snippet. Where many ask at once, locks that are split take long. */
const mostMilliseconds = 60_000

/** The real CPU under this process. */
export class NativeCpu {
  readonly #directory = scratch('judge')
  readonly #program = join(this.#directory, 'child')

  constructor() {
    writeFileSync(this.#program, childProgram(), { mode: 0o755 })
  }

  /** What becomes of each; undefined for one that killed its child. */
  run(snippets: readonly Snippet[]): (Outcome | undefined)[] {
    const outcomes: (Outcome | undefined)[] = []
    while (outcomes.length < snippets.length) {
      const rest = snippets.slice(outcomes.length)
      const { stdout, error } = spawnSync(this.#program, {
        input: encodeRequests(rest),
        maxBuffer: rest.length * reply.bytes + 1,
        timeout: mostMilliseconds,
      })
      if (error !== undefined && stdout === null) throw error
      outcomes.push(...decodeReplies(stdout))
      if (outcomes.length < snippets.length) outcomes.push(undefined)
    }
    return outcomes
  }

  close(): void {
    removeScratch(this.#directory)
  }
}
