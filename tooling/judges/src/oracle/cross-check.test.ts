import { describe, expect, test } from 'vitest'
import { disagreements } from './disagreements.ts'
import { modes } from './scene.ts'
import { EngineSubject, OracleSubject } from './subjects.ts'

/** Cases of each mode. */
const count = 1500
const [oracle, engine] = [new OracleSubject(), new EngineSubject()]

describe('oracle and engine', () => {
  test.for(modes)(`agree on ${count} random programs in %s mode`, (mode) => {
    expect(disagreements(oracle, engine, { mode, bytes: 'instructions', first: 1, count })).toEqual([])
  })
})
