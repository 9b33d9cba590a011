import { describe, expect, test } from 'vitest'
import { judge } from './judge.ts'
import { noNative } from './native.ts'
import { sayDisagreement, subjectNamed } from './report.ts'

/** More of what `cpu.test.ts` asks, from other seeds. */
const cases = 200_000
const seeds = [2, 3, 4]

describe.skipIf(noNative() !== undefined)('the real CPU', () => {
  test.for(seeds)(`agrees with the engine in ${cases} cases, seed %i`, (seed) => {
    const { disagreements, lost } = judge(subjectNamed('engine'), { cases, seed })
    expect(disagreements.slice(0, 5).map(sayDisagreement)).toEqual([])
    expect(lost).toBe(0)
  })
})
