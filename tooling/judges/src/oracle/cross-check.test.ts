import { madeOtherwise } from '@vmm/processors'
import { describe, expect, test } from 'vitest'
import { disagreements } from './disagreements.ts'
import { modes } from './scene.ts'
import { EngineSubject, OracleSubject } from './subjects.ts'

/** Cases of each mode by what they run: `cross-check.long.test.ts` has these and more. */
const counts = { instructions: 1000, noise: 300, hostile: 300, delivered: 300 } as const
const [oracle, engine] = [new OracleSubject(), new EngineSubject()]
const variants = madeOtherwise.map((variant) => [variant.name, variant] as const)
const delivering = new EngineSubject(undefined, 'deliver')

describe('oracle and engine', () => {
  test.for(modes)(`agree on ${counts.instructions} random programs in %s mode`, (mode) => {
    const count = counts.instructions
    expect(disagreements(oracle, engine, { mode, bytes: 'instructions', first: 1, count })).toEqual([])
  })

  test.for(modes)('come to the same in %s mode where the engine delivers exceptions by itself', (mode) => {
    const cases = { mode, bytes: 'instructions', first: 1, count: counts.delivered } as const
    expect(disagreements(oracle, delivering, cases, 'at their ends')).toEqual([])
  })

  test.for(modes)(`agree on ${counts.noise} times random bytes in %s mode`, (mode) => {
    expect(disagreements(oracle, engine, { mode, bytes: 'noise', first: 1, count: counts.noise })).toEqual([])
  })

  test.for(modes)(`agree on ${counts.hostile} impossible states that begin in %s mode`, (mode) => {
    expect(disagreements(oracle, engine, { mode, bytes: 'hostile', first: 1, count: counts.hostile })).toEqual([])
  })
})

describe.for(variants)('an engine made otherwise: %s', ([, variant]) => {
  const other = new EngineSubject(undefined, 'stop', variant)

  test.for(modes)('agrees with the oracle on random programs and impossible states in %s mode', (mode) => {
    expect(disagreements(oracle, other, { mode, bytes: 'instructions', first: 50_000, count: 150 })).toEqual([])
    expect(disagreements(oracle, other, { mode, bytes: 'hostile', first: 50_000, count: 50 })).toEqual([])
  })
})

test('an x87 instruction whose store is #GP changes nothing in hot code', () => {
  const atOnce = madeOtherwise.find(({ name }) => name === 'hot at once')
  const cases = { mode: 'protected-16', bytes: 'instructions', first: 50_447, count: 1 } as const
  expect(disagreements(oracle, new EngineSubject(undefined, 'stop', atOnce), cases)).toEqual([])
})
