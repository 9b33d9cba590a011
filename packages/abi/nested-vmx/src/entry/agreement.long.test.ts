import { expect, test } from 'vitest'
import { compareReadings } from './agreement.ts'

const each = 100_000

test.each([0xa11, 0xa13, 0xa15, 0xa17, 0xa19, 0xa1b, 0xa1d, 0xa1f, 0xa21, 0xa23])(
  'both readings of the checks agree on a million random VMCSs, from %i a tenth of them',
  (seed) => {
    const { verdicts, disagreements } = compareReadings(each, seed)
    expect(disagreements).toEqual([])
    expect([...verdicts.values()].reduce((all, some) => all + some, 0)).toBe(each)
  },
)
