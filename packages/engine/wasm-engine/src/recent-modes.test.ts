import { expect, test } from 'vitest'
import { RecentModes } from './recent-modes.ts'

const inputs = (...values: number[]) => Float64Array.from(values)
const mode = (word: number) => ({ word, programViews: 1, processorViews: 2, canonicalShift: 16 })

test('a mode is found by everything that it was derived from', () => {
  const recent = new RecentModes()
  recent.keep(inputs(1, 2, 3), mode(7))
  expect(recent.find(inputs(1, 2, 3))).toEqual(mode(7))
  expect(recent.find(inputs(1, 2, 4))).toBeUndefined()
})

test('what was kept does not change with the inputs', () => {
  const recent = new RecentModes()
  const changing = inputs(1, 2)
  recent.keep(changing, mode(7))
  changing[0] = 9
  expect(recent.find(inputs(1, 2))).toEqual(mode(7))
})

test('the ninth mode takes the place of the first', () => {
  const recent = new RecentModes()
  for (let each = 0; each < 9; each += 1) recent.keep(inputs(each), mode(each))
  expect(recent.find(inputs(0))).toBeUndefined()
  expect(recent.find(inputs(1))).toEqual(mode(1))
  expect(recent.find(inputs(8))).toEqual(mode(8))
})
