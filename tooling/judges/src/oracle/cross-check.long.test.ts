import { madeOtherwise } from '@vmm/processors'
import { describe, expect, test } from 'vitest'
import { disagreements } from './disagreements.ts'
import { modes } from './scene.ts'
import { EngineSubject, OracleSubject } from './subjects.ts'

/** Cases of each mode, in batches that a failure can be told from. */
const [batches, count] = [4, 2500]
/** Compiling takes longer than running: of every way to make an engine there are fewer. */
const few = 400
const [oracle, engine] = [new OracleSubject(), new EngineSubject()]

describe('oracle and engine', () => {
  const rows = modes.flatMap((mode) => Array.from({ length: batches }, (_, batch) => [mode, batch] as const))
  test.for(rows)(`agree on ${count} random programs in %s mode, batch %i`, ([mode, batch]) => {
    const first = 1 + batch * count
    for (const bytes of ['instructions', 'noise', 'hostile'] as const)
      expect(disagreements(oracle, engine, { mode, bytes, first, count })).toEqual([])
  })
})

describe('an engine that delivers exceptions by itself', () => {
  const delivering = new EngineSubject(undefined, 'deliver')

  test.for(modes)(`comes to the same in %s mode in ${count} random programs`, (mode) => {
    const cases = { mode, bytes: 'instructions', first: 1, count } as const
    expect(disagreements(oracle, delivering, cases, 'at their ends')).toEqual([])
  })
})

describe.for(madeOtherwise.map((variant) => [variant.name, variant] as const))(
  'an engine made otherwise: %s',
  ([, variant]) => {
    const other = new EngineSubject(undefined, 'stop', variant)

    test.for(modes)(`agrees with the oracle on ${few} random programs of each kind in %s mode`, (mode) => {
      for (const bytes of ['instructions', 'noise', 'hostile'] as const)
        expect(disagreements(oracle, other, { mode, bytes, first: 50_000, count: few })).toEqual([])
    })
  },
)
