import { describe, expect, test } from 'vitest'
import { hotBlock } from '../../test/hot-block.ts'
import { type HotBlock, type HotStep, orderOf } from './graph.ts'
import { paymentsOf } from './payments.ts'

/** A block of so many instructions at an offset, with its ways. */
const block = (offset: number, instructions: number, ways: Partial<HotBlock> = {}): HotBlock =>
  hotBlock(offset, { steps: Array.from({ length: instructions }, () => ({}) as HotStep), ...ways })

/** What each block pays for and has paid for ahead, by its offset. */
function paid(blocks: readonly HotBlock[], runs: Readonly<Record<number, number>> = {}) {
  const order = orderOf(blocks, [blocks[0]!.offset])
  const payments = paymentsOf(order, ({ offset }) => runs[offset] ?? 0)
  return Object.fromEntries(
    order.blocks.map((each, node) => [each!.offset, [payments[node]!.now, payments[node]!.ahead]]),
  )
}

describe('a block', () => {
  test('that only one leads to is paid for with that one', () => {
    const straight = [block(0, 3, { next: 10 }), block(10, 2, { next: 20 }), block(20, 1)]
    expect(paid(straight)).toEqual({ 0: [6, 3], 10: [0, 1], 20: [0, 0] })
  })

  test('that two lead to pays for itself', () => {
    const diamond = [block(0, 3, { next: 10, target: 20 }), block(10, 2, { next: 20 }), block(20, 1)]
    expect(paid(diamond)).toEqual({ 0: [5, 2], 10: [0, 0], 20: [1, 0] })
  })

  test('that ran more than the other way out is the one that is paid for', () => {
    const fork = [block(0, 3, { next: 10, target: 20 }), block(10, 2), block(20, 1)]
    expect(paid(fork, { 10: 1, 20: 9 })).toEqual({ 0: [4, 1], 10: [2, 0], 20: [0, 0] })
  })

  test('that a loop begins with pays each round', () => {
    const loop = [
      block(0, 3, { next: 10 }),
      block(10, 2, { next: 20 }),
      block(20, 4, { next: 30, target: 10 }),
      block(30, 1),
    ]
    expect(paid(loop)).toEqual({ 0: [3, 0], 10: [7, 5], 20: [0, 1], 30: [0, 0] })
  })

  test('on another page, or behind a jump that leads anywhere, pays for itself', () => {
    expect(paid([block(0, 3, { next: 0x1000 }), block(0x1000, 2)])).toEqual({ 0: [3, 0], 4096: [2, 0] })
    expect(paid([block(0, 3, { next: 10, leads: 'back' }), block(10, 2)])).toEqual({ 0: [3, 0], 10: [2, 0] })
  })

  test('far behind the first of many pays again, for all of them would be dear at the end of a budget', () => {
    const long = Array.from({ length: 5 }, (_, index) =>
      block(index * 10, 30, index < 4 ? { next: index * 10 + 10 } : {}),
    )
    expect(paid(long)).toEqual({ 0: [60, 30], 10: [0, 0], 20: [90, 60], 30: [0, 30], 40: [0, 0] })
  })
})
