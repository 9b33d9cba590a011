import { closeSync } from 'node:fs'
import { damageOf, type LoadedImage, loadImage } from '@vmm/boot'
import { sayDifference } from '@vmm/oracle-engine'
import { Bell } from './bell.ts'
import { Ending } from './ending.ts'
import { type GuestInput, gather } from './guest-input.ts'
import { Host } from './host.ts'
import { firmwareTables } from './machine.ts'
import { because, openOutput } from './named-file.ts'
import { exitStatus, statusOf } from './outcome.ts'
import { plainCrc32 } from './plain-crc32.ts'
import { printable } from './printable.ts'
import { writeProfile } from './profile/profile.ts'
import { profileSummary } from './profile/summary.ts'
import { type Ran, summary, writeReport } from './report.ts'
import type { RunOptions } from './run-options.ts'
import { Runs } from './runs.ts'
import { Tracer } from './trace.ts'
import { UsageError } from './usage-error.ts'

/** Runs a guest to its end, and tells how it went. Gives the exit status. */
export async function run(options: RunOptions): Promise<number> {
  const ending = new Ending()
  try {
    const { report, profile } = options
    if (report !== undefined) closeSync(openOutput(report, '--report'))
    if (profile !== undefined) closeSync(openOutput(profile, '--profile'))
    for (const warning of options.table.warnings ?? []) process.stderr.write(`vmm: ${printable(warning)}\n`)
    const ended = await toEnd(options, ending)
    // the last lines of a trace are written when all is over
    const ran = ending.wish?.kind === 'failed' ? { ...ended, outcome: ending.wish } : ended
    if (ran.difference !== undefined) sayPage(sayDifference(ran.difference))
    if (isWorthSaying(ran, options)) process.stderr.write(`vmm: ${printable(summary(ran))}\n`)
    if (options.stats && ran.profile !== undefined) process.stderr.write(profileSummary(ran.profile, ran))
    const isReported = written('--report', report, (path) => writeReport(path, ran))
    const isProfiled = written('--profile', profile, (path) => writeProfile(path, ran))
    return isReported && isProfiled ? statusOf(ran.outcome) : exitStatus.internal
  } finally {
    ending.close()
  }
}

/** Whatever is in it, a page is lines. */
function sayPage(page: string): void {
  for (const line of page.split('\n')) process.stderr.write(`vmm: ${printable(line)}\n`)
}

/** False if something was to be written and cannot be. */
function written(flag: string, path: string | undefined, write: (path: string) => void): boolean {
  if (path === undefined) return true
  try {
    write(path)
    return true
  } catch (error) {
    process.stderr.write(`vmm: ${printable(`${flag} ${path}: ${because(error)}`)}\n`)
    return false
  }
}

async function toEnd(options: RunOptions, ending: Ending): Promise<Ran> {
  const tracer = new Tracer(options.trace, (says) => ending.want({ kind: 'failed', says }))
  try {
    const input = await gathered(options, ending)
    if (ending.wish !== undefined || input === undefined) return nothingRan(ending, options)
    // whatever is wrong with the image is told before the terminal is touched
    const image = loaded(input, options)
    const bell = new Bell()
    ending.signal.addEventListener('abort', bell.ring)
    const host = new Host(options, ending, bell)
    try {
      return await new Runs({ options, ending, bell, tracer, host, image, file: input.image }).toEnd()
    } finally {
      host.close()
    }
  } finally {
    tracer.close()
  }
}

/** Undefined if someone wanted to end before there was anything to run. */
async function gathered(options: RunOptions, ending: Ending): Promise<GuestInput | undefined> {
  try {
    const say = (line: string): void => void process.stderr.write(`vmm: ${printable(line)}\n`)
    return await gather(options, { say, signal: ending.signal })
  } catch (error) {
    if (ending.wish !== undefined) return undefined
    throw error
  }
}

function loaded({ image, initrd, commandLine, from }: GuestInput, { memorySize, cpus }: RunOptions): LoadedImage {
  const rsdp = firmwareTables(cpus).base
  const result = loadImage(image, { memorySize, commandLine, rsdp, ...(initrd === undefined ? {} : { initrd }) })
  const wrong = result.kind === 'refused' ? result.says : damageOf(image, plainCrc32)
  if (result.kind === 'refused' || wrong !== undefined) throw new UsageError(`${from}: ${wrong}`)
  return result
}

function nothingRan({ wish }: Ending, { kernel }: RunOptions): Ran {
  const totals = { milliseconds: 0, guestTime: 0, instructions: 0, exits: 0 }
  return { outcome: wish ?? { kind: 'quit' }, totals, kernel, exits: {}, instructionsOfEach: [], resets: 0 }
}

/** A command's output is all there is, unless something came in between. */
function isWorthSaying({ outcome }: Ran, { exec }: RunOptions): boolean {
  if (outcome.kind === 'closed') return false
  return exec === undefined || !['command', 'signal', 'power-off', 'reset'].includes(outcome.kind)
}
