import { expect, test } from 'vitest'
import { compareReadings } from './agreement.ts'

test('both readings of the checks agree on a million random VMCSs', () => {
  const { verdicts, disagreements } = compareReadings(1_000_000, 0xa11)
  expect(disagreements).toEqual([])
  expect([...verdicts.values()].reduce((all, some) => all + some, 0)).toBe(1_000_000)
})
