import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeScratch, scratch } from '@vmm/scratch'
import type { InsCase } from '../case.ts'
import { answered, replyBytes, requestOf } from './request.ts'

const source = fileURLToPath(new URL('./recorder.c', import.meta.url))

function ofProcessor(): (name: string) => string {
  const text = readFileSync('/proc/cpuinfo', 'utf8')
  return (name) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? '?'
}

/** What the host's CPU has, by the kernel's names. */
export const cpuFlags = (): ReadonlySet<string> => new Set(ofProcessor()('flags').split(' '))

/** What the host's CPU is: family and model, as a source line says it. */
export function cpuName(): string {
  const field = ofProcessor()
  return `${field('vendor_id')} family ${field('cpu family')} model ${field('model')}`
}

/** Asks the host's CPU about every case: the cases again with its answers. Needs Linux on x86-64 and gcc. */
export function askCpu(cases: readonly InsCase[]): readonly InsCase[] {
  const folder = scratch('ins')
  try {
    const program = join(folder, 'recorder')
    const built = spawnSync('gcc', ['-O1', '-o', program, source], { encoding: 'utf8' })
    if (built.status !== 0) throw new Error(`gcc: ${built.error?.message ?? built.stderr}`)
    const input = Buffer.concat(cases.map(requestOf))
    const run = spawnSync(program, [], { input, maxBuffer: replyBytes * cases.length + 1 })
    if (run.status !== 0 || run.stdout.length !== replyBytes * cases.length)
      throw new Error(
        `the recorder ended with ${run.signal ?? run.status} at ${cases[Math.floor(run.stdout.length / replyBytes)]?.text}`,
      )
    return cases.flatMap((one, at) => answered(one, run.stdout.subarray(at * replyBytes, (at + 1) * replyBytes)) ?? [])
  } finally {
    removeScratch(folder)
  }
}
