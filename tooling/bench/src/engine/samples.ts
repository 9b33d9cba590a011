import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { guestImage } from './guests/guest.ts'
import type { Width } from './guests/words.ts'
import type { Peer } from './peers.ts'
import type { Row } from './rows.ts'
import { type Mark, type Watched, watched } from './watched.ts'

/** What it cost from one line to another. */
export interface Sample {
  readonly rounds: number
  readonly seconds: number
  readonly cpuSeconds: number
  /** CPU seconds by the names of threads, where there were any. */
  readonly threads: Readonly<Record<string, number>>
  /** What the guest computed. */
  readonly sum: string
}

/** A run that came to nothing, and why. */
export interface Failure {
  readonly failure: string
}

export const isFailure = (result: Sample | Failure): result is Failure => 'failure' in result

const limitSeconds = 60
const hundredths = (value: number): number => Math.round(value * 100) / 100

/** What lies between two marks. */
export function between(from: Mark, to: Mark): Omit<Sample, 'rounds' | 'sum'> {
  const threads: Record<string, number> = {}
  for (const [name, seconds] of Object.entries(to.threads)) {
    const used = hundredths(seconds - (from.threads[name] ?? 0))
    if (used > 0) threads[name] = used
  }
  return {
    seconds: Math.round((to.seconds - from.seconds) * 1000) / 1000,
    cpuSeconds: hundredths(to.cpuSeconds - from.cpuSeconds),
    threads,
  }
}

/** Has a peer run a row's guest. */
export async function sample(
  row: Row,
  width: Width,
  rounds: number,
  peer: Peer,
  place: string,
): Promise<Sample | Failure> {
  const image = join(place, 'guest')
  writeFileSync(image, guestImage(row.load, width, rounds))
  const run = await watched(peer.start(image), (line) => line.startsWith('end '), limitSeconds)
  return sampleOf(run, rounds)
}

function sampleOf({ marks, failure }: Watched, rounds: number): Sample | Failure {
  if (failure !== undefined) return { failure }
  const begin = marks.find(({ line }) => line.endsWith('begin'))
  const end = marks.at(-1)
  if (begin === undefined || end === undefined) return { failure: 'no begin' }
  const cost = between(begin, end)
  if (Number.isNaN(cost.cpuSeconds)) return { failure: 'gone before it was looked at' }
  return { rounds, ...cost, sum: end.line.slice('end '.length) }
}
