import { beforeAll, describe, expect, test } from 'vitest'
import { hotPairs } from '../src/hot-pairs.rows.ts'
import { hotPairs32 } from '../src/hot-pairs-32.rows.ts'
import type { Engine } from '../src/index.ts'
import { hlt, identityMapped, leftBy, scatter } from './scattered.ts'

const place = { code: 0x1_0000, data: 0x2_0000 } as const
const jumpToItself = [0xeb, 0xfe]
/** More than a mode must run before it gets a loop with pairs. */
const untilThereAreLoops = 3_100_000
const seeds = [1, 2, 3, 4, 5, 6]

const bytesIn = (hex: string): number[] => (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))

/** Runs a pair to a HLT or a fault and says everything that came of it. */
function outcome(engine: Engine, code: readonly number[], seed: number): unknown {
  engine.writePhysical(place.code, Uint8Array.of(...code))
  scatter(engine, place, seed)
  const before = engine.retired()
  const stop = engine.run(100)
  return { stop, retired: engine.retired() - before, ...leftBy(engine, place.data) }
}

describe.for([
  ['64-bit code', true, hotPairs],
  ['32-bit code', false, hotPairs32],
] as const)('in %s', ([, long, pairs]) => {
  const [paired, single] = [identityMapped(long, {}), identityMapped(long, { counts: 'handlers' })]

  beforeAll(() => {
    for (const engine of [paired, single]) {
      engine.writePhysical(place.code, new Uint8Array(0x1_0000).fill(hlt))
      engine.writePhysical(place.code, Uint8Array.from(jumpToItself))
      engine.set('RIP', BigInt(place.code))
      engine.setRflags(2n)
      engine.run(untilThereAreLoops)
    }
  })

  test.for(pairs)('%s and %s do in one handler what they do in two', ([first, second]) => {
    const code = [...bytesIn(first), ...bytesIn(second), hlt]
    for (const seed of seeds) expect(outcome(paired, code, seed)).toEqual(outcome(single, code, seed))
  })
})
