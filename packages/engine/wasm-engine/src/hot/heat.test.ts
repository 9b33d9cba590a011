import { describe, expect, test } from 'vitest'
import { inBlock } from '../state-layout.ts'
import { Heat } from './heat.ts'

const [block, threshold] = [256, 1000]
const dense = { entries: 100, apart: 10 } as const

/** A block that begins to count, and what it counts down. */
function begun(given: typeof dense | undefined) {
  const view = new DataView(new ArrayBuffer(1024))
  const heat = new Heat(view, given)
  heat.begin(block, threshold)
  return {
    heat,
    left: () => view.getInt32(block + inBlock.heat, true),
    enter: (times: number) =>
      view.setInt32(block + inBlock.heat, view.getInt32(block + inBlock.heat, true) - times, true),
  }
}

describe('a block', () => {
  test('counts to its threshold where nothing is dense', () => {
    const { heat, left } = begun(undefined)
    expect(left()).toBe(threshold)
    expect(heat.isHot(block, { threshold, retired: 0 })).toBe(true)
  })

  test('looks at the clock when its count has doubled, and is hot at its threshold in any case', () => {
    const { heat, left, enter } = begun(dense)
    const stretches: number[] = []
    let retired = 0
    do {
      stretches.push(left())
      retired += left() * 11
      enter(left())
    } while (!heat.isHot(block, { threshold, retired }))
    expect(stretches).toEqual([100, 100, 200, 400, 200])
    expect(heat.ranOf(block, threshold)).toBe(threshold)
  })

  test('is hot when the last stretch was dense', () => {
    const { heat, left, enter } = begun(dense)
    enter(100)
    expect(heat.isHot(block, { threshold, retired: 5000 })).toBe(false)
    enter(100)
    expect(heat.isHot(block, { threshold, retired: 5000 + 100 * 11 })).toBe(false)
    enter(200)
    expect(heat.isHot(block, { threshold, retired: 6100 + 200 * 10 })).toBe(true)
    expect(left()).toBe(0)
  })

  test('of another processor is not dense', () => {
    const { heat, enter } = begun(dense)
    enter(100)
    expect(heat.isHot(block, { threshold, retired: 5000 })).toBe(false)
    enter(100)
    expect(heat.isHot(block, { threshold, retired: 4000 })).toBe(false)
  })

  test('has been entered as often as all that it counted', () => {
    const { heat, enter } = begun(dense)
    enter(30)
    expect(heat.ranOf(block, threshold)).toBe(30)
    enter(70)
    heat.isHot(block, { threshold, retired: 0 })
    enter(5)
    expect(heat.ranOf(block, threshold)).toBe(105)
    heat.wait(block, 50, { threshold, retired: 0 })
    enter(7)
    expect(heat.ranOf(block, threshold)).toBe(112)
    heat.stop(block)
    expect(heat.ranOf(block, threshold)).toBeGreaterThan(threshold)
    heat.begin(block, threshold)
    expect(heat.ranOf(block, threshold)).toBe(0)
  })
})
