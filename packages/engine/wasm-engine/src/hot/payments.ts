import { type HotBlock, isOnPageOf, type Order } from './graph.ts'

/** What a block takes off the budget when it is entered. */
export interface Payment {
  /** Instructions that are paid for: its own and those of the blocks that follow it at no cost; 0 if it is such a one. */
  readonly now: number
  /** Instructions of others that are paid for when the block is left: whoever goes another way has them back. */
  readonly ahead: number
  /** The node that it goes on to at no cost. */
  readonly follower: number | undefined
}

/** So many instructions are paid for at most before any of them has run: what is left of a budget is spent without the region. */
const aheadAtMost = 64

/** By node. A block that only one other leads to is paid for with that one; of two such blocks it is the one that ran more. */
export function paymentsOf(order: Order, runsOf: (block: HotBlock) => number): readonly Payment[] {
  const followers = order.blocks.map((block, node) => block && followerOf(order, { block, node }, runsOf))
  const ahead = order.blocks.map(() => 0)
  // who follows has a higher number
  for (let node = followers.length - 1; node >= 0; node -= 1) {
    const follower = followers[node]
    if (follower === undefined) continue
    const behind = lengthOf(order, follower) + ahead[follower]!
    if (behind > aheadAtMost) followers[node] = undefined
    else ahead[node] = behind
  }
  const isPaid = new Set(followers)
  return followers.map((follower, node) => ({
    now: isPaid.has(node) ? 0 : lengthOf(order, node) + ahead[node]!,
    ahead: ahead[node]!,
    follower,
  }))
}

const lengthOf = ({ blocks }: Order, node: number): number => blocks[node]?.steps.length ?? 0

interface Placed {
  readonly block: HotBlock
  readonly node: number
}

function followerOf(order: Order, { block, node }: Placed, runsOf: (block: HotBlock) => number): number | undefined {
  if (block.leads !== 'known') return undefined
  const runs = (to: number) => runsOf(order.blocks[to]!)
  return [block.next, block.target]
    .flatMap((offset) => (offset === undefined ? [] : (order.numberAt(offset) ?? [])))
    .filter((to) => to > node && !order.isMerge[to] && !order.isLoop[to] && isOnPageOf(block, order.blocks[to]!))
    .reduce<number | undefined>((best, to) => (best === undefined || runs(to) > runs(best) ? to : best), undefined)
}
