import { expect, test } from 'vitest'
import { compareReadings } from './agreement.ts'

test('both readings of the checks agree on random VMCSs, whose verdicts vary', () => {
  const { verdicts, disagreements } = compareReadings(5_000, 0x5eed)
  expect(disagreements).toEqual([])
  expect(verdicts.get('enters')).toBeGreaterThan(300)
  expect(verdicts.size).toBeGreaterThan(100)
})
