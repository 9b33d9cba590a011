import { describe, expect, test } from 'vitest'
import { hotBlock as block } from '../../test/hot-block.ts'
import { type HotBlock, orderOf, returnsFromOutside, withReturns } from './graph.ts'

const offsetsOf = (blocks: readonly (HotBlock | undefined)[]) => blocks.map((each) => each?.offset)

describe('the order of a region', () => {
  test('has its entry first, and a loop at what a way back leads to', () => {
    const { blocks, choices, isLoop } = orderOf(
      [block(0, { next: 10 }), block(10, { next: 20, target: 10 }), block(20)],
      [0],
    )
    expect(offsetsOf(blocks)).toEqual([0, 10, 20])
    expect(choices).toEqual([])
    expect(isLoop).toEqual([false, true, false])
  })

  test('merges what two ways lead to at the block that dominates it', () => {
    const { merges, numberAt } = orderOf(
      [block(0, { next: 10, target: 20 }), block(10, { next: 30 }), block(20, { next: 30 }), block(30)],
      [0],
    )
    expect(merges[0]).toEqual([numberAt(30)])
  })

  test('leaves out what no way leads to', () => {
    expect(offsetsOf(orderOf([block(0), block(10)], [0]).blocks)).toEqual([0])
  })

  test('chooses among its entries, in the order they were given', () => {
    const { blocks, choices, numberAt } = orderOf([block(0), block(10), block(20)], [0, 20, 10])
    expect(blocks[0]).toBe(undefined)
    expect(choices).toEqual([numberAt(0), numberAt(20), numberAt(10)])
  })

  test('enters a loop by its side through the choice', () => {
    // 10 and 20 lead to each other, and 0 leads to both
    const { choices, numberAt, isLoop, isDominated } = orderOf(
      [block(0, { next: 10, target: 20 }), block(10, { next: 20 }), block(20, { next: 10 })],
      [0],
    )
    expect(choices[0]).toBe(numberAt(0))
    expect(choices.length).toBe(2)
    expect(isLoop[0]).toBe(true)
    expect(isDominated(numberAt(10)!, numberAt(20)!)).toBe(false)
  })

  test('chooses again behind a jump that leads anywhere', () => {
    const jump = block(0, { leads: 'anywhere' })
    expect(orderOf([jump, block(10)], [0, 10]).isLoop[0]).toBe(true)
    expect(orderOf([block(0), block(10)], [0, 10]).isLoop[0]).toBe(false)
  })
})

describe('returns', () => {
  const called = [block(0, { target: 40, after: 5 }), block(5), block(40, { leads: 'back' })]
  const outside = [block(0, { target: 4000, after: 5 }), block(5)]

  test('of calls of the region are guessed where its functions end', () => {
    expect(withReturns(called).map(({ guesses }) => guesses)).toEqual([[], [], [5]])
    expect(returnsFromOutside(called)).toEqual([])
  })

  test('of calls of other code enter the region', () => {
    expect(returnsFromOutside(outside)).toEqual([5])
  })
})
