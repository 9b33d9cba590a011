import { expect, test } from 'vitest'
import { settledRounds } from './sizes.ts'

/** Somebody who warms up for so many seconds and then takes so long a round, where runs of a second and a half are wanted. */
const whoTakes = (warmingUp: number, round: number) => async (rounds: number) => 1.5 / (warmingUp + rounds * round)

const secondsOf = async (warmingUp: number, round: number, few = 10) =>
  (await settledRounds(few, whoTakes(warmingUp, round))) * round

test.each([
  [0, 0.01],
  [0.1, 0.001],
  [0.3, 0.0002],
])('%s s of warming up before rounds of %s s do not make a run short', async (warmingUp, round) => {
  expect(await secondsOf(warmingUp, round)).toBeGreaterThan(1)
  expect(await secondsOf(warmingUp, round)).toBeLessThan(1.6)
})

test('a row has as many rounds as it needs, however long they last', async () => {
  expect(await settledRounds(10, whoTakes(0, 1))).toBe(10)
})

test('where nobody could be asked, the least size it is', async () => {
  expect(await settledRounds(10, async () => Number.POSITIVE_INFINITY)).toBe(10)
})
