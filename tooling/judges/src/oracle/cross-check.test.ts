import { madeOtherwise } from '@vmm/processors'
import { describe, expect, test } from 'vitest'
import { disagreements } from './disagreements.ts'
import { at as layout } from './layout.ts'
import { modes } from './scene.ts'
import { EngineSubject, OracleSubject } from './subjects.ts'
import { bench } from './workbench.ts'

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

const stores = [
  ['FSTP m32', [0xd9, 0x1f]],
  ['FSTP m64', [0xdd, 0x1f]],
  ['FSTP m80', [0xdb, 0x3f]],
  ['FISTP m64', [0xdf, 0x3f]],
  ['FBSTP m80', [0xdf, 0x37]],
] as const

describe.for(stores)('%s that is #GP for its place, in 16-bit code', ([, store]) => {
  const atOnce = madeOtherwise.find(({ name }) => name === 'hot at once')!
  const subjects = [oracle, engine, new EngineSubject(undefined, 'stop', atOnce)]

  test.for(subjects.map((subject, at) => [['oracle', 'engine', atOnce.name][at]!, subject] as const))(
    'changes nothing: %s',
    ([, subject]) => {
      // NOP; FLD1; the store at the limit of DS
      const code = [0x90, 0xd9, 0xe8, ...store, 0xeb, 0xfe]
      const fields = { 'CS.access': 0x9bn, 'DS.limit': 0xffffn, FSW: 0x3800n, FTW: 0x80n } as const
      subject.load(bench({ mode: 'protected', code, fields, gprs: { 3: 0xfffen } }))
      expect(subject.run(64)).toMatchObject({ kind: 'fault', vector: 13, errorCode: 0 })
      expect(subject.get('RIP')).toBe(BigInt(layout.code + 3))
      expect([subject.get('FSW'), subject.get('FTW')]).toEqual([0x3000n, 0xc0n])
    },
  )
})
