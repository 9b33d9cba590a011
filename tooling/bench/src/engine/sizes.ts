import type { Width } from './guests/words.ts'
import type { Options } from './options.ts'
import { canRun, type Peer } from './peers.ts'
import type { Kind, Row } from './rows.ts'
import { type Failure, isFailure, type Sample, sample } from './samples.ts'

/** How much longer than others rows of a kind last: what compiling a few loops costs is no part of what computing does. */
const usual: Readonly<Partial<Record<Kind, number>>> = { compute: 3, float: 3 }
const clockTick = 0.01
/** A size that makes no more than so many times of what was tried is taken at its word: what comes before is not only warming up. */
const smallStep = 1.5
const attempts = 6

/** How many rounds make a run that takes whoever is fastest about as long as wanted, and nobody far longer. */
export async function roundsFor(row: Row, width: Width, options: Options, place: string): Promise<number> {
  const asked = options.peers.filter((peer) => canRun(peer, width, row.load.cpus ?? 1) && peer.part === 1)
  const lasts = row.lasts ?? usual[row.kind] ?? 1
  return settledRounds(row.few, async (rounds) => {
    const samples = await all(asked, (peer) => sample(row, width, rounds, peer, place))
    const costs = samples.map(({ cpuSeconds }) => Math.max(cpuSeconds, clockTick))
    const [fastest, slowest] = [Math.min(...costs), Math.max(...costs)]
    return Math.min((options.fastest * lasts) / fastest, Math.max((options.slowest * lasts) / slowest, 1))
  })
}

/**
 * Tries sizes, the least one first, until the next is not far from the last: short runs are mostly warming up, so that what they say
 * of long ones is always too little. `timesMore` says how many times longer a run of so many rounds should be.
 */
export async function settledRounds(few: number, timesMore: (rounds: number) => Promise<number>): Promise<number> {
  let rounds = few
  for (let attempt = 1; ; attempt += 1) {
    const times = await timesMore(rounds)
    const next = Number.isFinite(times) ? Math.max(few, Math.round(rounds * times)) : rounds
    if (times <= smallStep || attempt === attempts || next === rounds) return next
    rounds = next
  }
}

async function all(peers: readonly Peer[], ask: (peer: Peer) => Promise<Sample | Failure>): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for (const peer of peers) {
    const result = await ask(peer)
    if (!isFailure(result)) samples.push(result)
  }
  return samples
}
