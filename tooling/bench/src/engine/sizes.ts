import type { Width } from './guests/words.ts'
import type { Options } from './options.ts'
import { canRun, type Peer } from './peers.ts'
import type { Kind, Row } from './rows.ts'
import { type Failure, isFailure, type Sample, sample } from './samples.ts'

/** How much longer than others rows of a kind last: what compiling a few loops costs is no part of what computing does. */
const usual: Readonly<Partial<Record<Kind, number>>> = { compute: 3, float: 3 }
const clockTick = 0.01
/** Shorter than this is mostly warming up. */
const worthTrusting = 0.04
const attempts = 3

/** How many rounds make a run that takes whoever is fastest about as long as wanted, and nobody far longer. */
export async function roundsFor(row: Row, width: Width, options: Options, place: string): Promise<number> {
  const asked = options.peers.filter((peer) => canRun(peer, width, row.load.cpus ?? 1) && peer.part === 1)
  let rounds = row.few
  for (let attempt = 1; ; attempt += 1) {
    const costs = (await all(asked, (peer) => sample(row, width, rounds, peer, place))).map(({ cpuSeconds }) =>
      Math.max(cpuSeconds, clockTick),
    )
    if (costs.length === 0) return rounds
    const [fastest, slowest] = [Math.min(...costs), Math.max(...costs)]
    const lasts = row.lasts ?? usual[row.kind] ?? 1
    const enough = Math.min((options.fastest * lasts) / fastest, Math.max((options.slowest * lasts) / slowest, 1))
    if (fastest >= worthTrusting || attempt === attempts || enough <= 1)
      return Math.max(1, Math.round(rounds * Math.max(enough, row.few / rounds)))
    rounds = Math.max(rounds + 1, Math.round(rounds * Math.min(enough, (2 * worthTrusting) / fastest)))
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
