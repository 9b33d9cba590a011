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
  /** Of the seconds, those that a busy thread was ready and others had all processors: the machine's fault, not the peer's. */
  readonly waited?: number
  /** CPU seconds by the names of threads, where there were any. */
  readonly threads: Readonly<Record<string, number>>
  /** What the guest computed. */
  readonly sum: string
}

/** A run that came to nothing, and why. */
export interface Failure {
  readonly failure: string
}

export const isFailure = (result: object): result is Failure => 'failure' in result

const limit = 60
const thousandths = (value: number): number => Math.round(value * 1000) / 1000
const rounded = ({ seconds, cpuSeconds, waited }: Required<Pick<Sample, 'seconds' | 'cpuSeconds' | 'waited'>>) => ({
  seconds: thousandths(seconds),
  cpuSeconds: thousandths(cpuSeconds),
  waited: thousandths(waited),
})

/** What lies between two marks. */
export function between(from: Mark, to: Mark): Omit<Sample, 'rounds' | 'sum'> {
  const threads: Record<string, number> = {}
  const each = Object.entries(to.threads).map(([id, { name, seconds, waited = 0 }]) => ({
    name,
    used: seconds - (from.threads[id]?.seconds ?? 0),
    waited: waited - (from.threads[id]?.waited ?? 0),
  }))
  for (const { name, used } of each) if (used >= 0.0005) threads[name] = thousandths((threads[name] ?? 0) + used)
  const all = each.reduce((sum, { used }) => sum + used, 0)
  const most = Math.max(0, ...each.map(({ used }) => used))
  const waited = Math.max(0, ...each.filter(({ used }) => used > most / 2).map((thread) => thread.waited))
  // what an ended thread used is only in the sum by ticks
  const nobodyEnded = Object.keys(from.threads).every((id) => id in to.threads)
  const cpuSeconds = nobodyEnded ? all : to.cpuSeconds - from.cpuSeconds
  const seconds = to.seconds - from.seconds
  return { ...rounded({ seconds, cpuSeconds, waited }), threads }
}

/** Has a peer run a row's guest. */
export async function sample(
  row: Pick<Row, 'load'>,
  width: Width,
  rounds: number,
  peer: Peer,
  place: string,
): Promise<Sample | Failure> {
  const image = join(place, 'guest')
  writeFileSync(image, guestImage(row.load, width, rounds))
  const run = await watched(peer.start(image, row.load.cpus ?? 1), (line) => line.startsWith('end '), limit)
  return sampleOf(run, rounds)
}

function sampleOf({ marks, failure }: Watched, rounds: number): Sample | Failure {
  if (failure !== undefined) return { failure }
  const begin = marks.find(({ line }) => line.endsWith('begin'))
  const end = marks.at(-1)
  if (begin === undefined || end === undefined) return { failure: 'no begin' }
  const cost = between(begin, end)
  if (Number.isNaN(end.cpuSeconds)) return { failure: 'gone before it was looked at' }
  return { rounds, ...cost, sum: end.line.slice('end '.length) }
}
