import type { SpawnSyncReturns } from 'node:child_process'
import type { Kernel } from '../kernel/kernel.ts'

/** What a kernel printed somewhere. */
export interface Answer {
  /** Lines, without the last one if the kernel came to its end. */
  readonly lines: readonly string[]
  /** It printed its last line. */
  readonly finished: boolean
}

/** Someone who can run a kernel, or the reason why they cannot. */
export interface Host {
  readonly name: string
  readonly absent: string | undefined
  /** Runs a kernel. */
  ask(kernel: Pick<Kernel, 'image' | 'processors' | 'narrow' | 'release'>): Answer
}

/** Reads what came out of a serial port. */
function answerOf(text: string): Answer {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const end = lines.indexOf('done')
  return end < 0 ? { lines, finished: false } : { lines: lines.slice(0, end), finished: true }
}

/** The answer of a program that ran the kernel: where that did not come to its end, how the program did, and what it said. */
export function answerOfProgram(text: string, ended: SpawnSyncReturns<string> | SpawnSyncReturns<Buffer>): Answer {
  const answer = answerOf(text)
  if (answer.finished) return answer
  const said = String(ended.stderr ?? '')
    .split('\n')
    .filter((line) => line !== '')
  return { ...answer, lines: [...answer.lines, `${howEnded(ended)}${said.map((line) => `: ${line}`).join('')}`] }
}

function howEnded({ status, signal, error }: Pick<SpawnSyncReturns<string>, 'status' | 'signal' | 'error'>): string {
  if (error !== undefined) return `(${error.message})`
  return signal === null ? `(exit status ${status})` : `(killed by ${signal})`
}
