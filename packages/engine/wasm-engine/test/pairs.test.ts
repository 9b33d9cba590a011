import { nobodyAround } from '@vmm/x86-semantics'
import { beforeAll, describe, expect, test } from 'vitest'
import { hotPairs } from '../src/hot-pairs.rows.ts'
import { hotPairs32 } from '../src/hot-pairs-32.rows.ts'
import { Engine } from '../src/index.ts'

const place = { tables: 0x1000, code: 0x1_0000, data: 0x2_0000, bytes: 0x4_0000 } as const
const [hlt, jumpToItself] = [0xf4, [0xeb, 0xfe]]
/** More than a mode must run before it gets a loop with pairs. */
const untilThereAreLoops = 3_100_000
const seeds = [1, 2, 3, 4, 5, 6]

const bytesIn = (hex: string): number[] => (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))

/** The first 2 MiB are mapped to themselves for 64-bit code. */
function machine(counts: 'nothing' | 'handlers', long: boolean): Engine {
  const engine = new Engine({ slots: [{ address: 0, bytes: place.bytes }], ports: nobodyAround, counts })
  const tables = new BigUint64Array((3 * 4096) / 8)
  for (const level of [0, 1]) tables[level * 512] = BigInt(place.tables + (level + 1) * 4096) | 7n
  tables[2 * 512] = 0x87n
  engine.writePhysical(place.tables, new Uint8Array(tables.buffer))
  engine.set('CR0', long ? 0x8000_0033n : 0x33n)
  engine.set('CR3', BigInt(place.tables))
  engine.set('CR4', 0x620n)
  engine.set('IA32_EFER', long ? 0xd00n : 0n)
  engine.set('PHYSICAL_MASK', (1n << 46n) - 1n)
  for (const name of ['CS', 'SS', 'DS', 'ES', 'FS', 'GS'] as const) {
    engine.set(`${name}.access`, name !== 'CS' ? 0xc093n : long ? 0xa09bn : 0xc09bn)
    engine.set(`${name}.limit`, 0xffff_ffffn)
    engine.set(`${name}.base`, name === 'FS' ? 0x100n : 0n)
  }
  engine.set('RIP', BigInt(place.code))
  engine.setRflags(2n)
  engine.modeChanged()
  return engine
}

/** Runs a pair to a HLT or a fault and says everything that came of it. */
function outcome(engine: Engine, code: readonly number[], seed: number): unknown {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 0x41c6_4e6d) + 12345) >>> 0
    return state >>> 8
  }
  engine.writePhysical(place.data, Uint8Array.from({ length: 0x8000 }, random))
  engine.writePhysical(place.code, Uint8Array.of(...code))
  // some point to data, some are small, some are alike
  for (let index = 0; index < 16; index += 1)
    engine.setGpr(index, BigInt([place.data + (random() & 0xff8), random() & 3, 0xffff_fff0, random()][random() & 3]!))
  engine.setGpr(4, BigInt(place.data + 0x4000))
  engine.setRflags(BigInt(2 | (random() & 0x8d5)))
  engine.set('RIP', BigInt(place.code))
  engine.modeChanged()
  const before = engine.retired()
  const stop = engine.run(100)
  return {
    stop,
    retired: engine.retired() - before,
    rip: engine.get('RIP'),
    flags: engine.rflags(),
    registers: Array.from({ length: 16 }, (_, index) => engine.gpr(index)),
    data: engine
      .physical(place.data)!
      .subarray(0, 0x8000)
      .reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 0),
  }
}

describe.for([
  ['64-bit code', true, hotPairs],
  ['32-bit code', false, hotPairs32],
] as const)('in %s', ([, long, pairs]) => {
  const [paired, single] = [machine('nothing', long), machine('handlers', long)]

  beforeAll(() => {
    for (const engine of [paired, single]) {
      engine.writePhysical(place.code, new Uint8Array(0x1_0000).fill(hlt))
      engine.writePhysical(place.code, Uint8Array.from(jumpToItself))
      engine.run(untilThereAreLoops)
    }
  })

  test.for(pairs)('%s and %s do in one handler what they do in two', ([first, second]) => {
    const code = [...bytesIn(first), ...bytesIn(second), hlt]
    for (const seed of seeds) expect(outcome(paired, code, seed)).toEqual(outcome(single, code, seed))
  })
})
