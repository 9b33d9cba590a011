import { expect, test } from 'vitest'
import { TierTimes } from '../src/index.ts'

/** A run of stretches in which the tiers take turns by chance, an interpreted instruction costing ten times a compiled one. */
function ran(costs: { readonly cold: number; readonly hot: number }, disturbed = 0) {
  const times = new TierTimes()
  const all = { cold: 0, hot: 0, milliseconds: 0 }
  let [random, coldTime] = [1, 0]
  for (let stretch = 0; stretch < 500; stretch += 1) {
    random = (random * 48_271) % 0x7fff_ffff
    const cold = random % 30_011
    const hot = 30_011 - cold
    const other = stretch % 50 === 49 ? disturbed : 0
    const milliseconds = cold * costs.cold + hot * costs.hot + other
    times.add({ cold, hot, milliseconds })
    all.cold += cold
    all.hot += hot
    all.milliseconds += milliseconds
    coldTime += cold * costs.cold
  }
  return { all, coldTime, found: times.of(all) }
}

test('what each tier took is told apart, and together it is all', () => {
  const { all, coldTime, found } = ran({ cold: 1e-5, hot: 1e-6 })
  expect(found.cold).toBeCloseTo(coldTime, 6)
  expect(found.cold + found.hot).toBeCloseTo(all.milliseconds, 6)
})

test('what interrupts a run does not make one tier dearer than it is', () => {
  const { all, coldTime, found } = ran({ cold: 1e-5, hot: 1e-6 }, 40)
  const undisturbed = coldTime / (all.milliseconds - 10 * 40)
  expect(found.cold / all.milliseconds).toBeCloseTo(undisturbed, 2)
})

test('where only one tier ran all time is its own', () => {
  const times = new TierTimes()
  for (let stretch = 0; stretch < 10; stretch += 1) times.add({ cold: 1000, hot: 0, milliseconds: 2 })
  expect(times.of({ cold: 10_000, hot: 0, milliseconds: 20 })).toEqual({ cold: 20, hot: 0 })
  expect(new TierTimes().of({ cold: 0, hot: 0, milliseconds: 0 })).toEqual({ cold: 0, hot: 0 })
  expect(new TierTimes().of({ cold: 30, hot: 10, milliseconds: 4 })).toEqual({ cold: 3, hot: 1 })
})
