import type { Shape } from '../handler-table.ts'

/** One instruction of a region: where its record lies, and its distance from its block's first byte. */
export interface HotStep {
  readonly shape: Shape
  readonly record: number
  readonly offset: number
}

/** A straight piece of code. Ways are distances from its first byte. */
export interface Piece {
  readonly steps: readonly HotStep[]
  /** Where it goes on behind its last instruction, if it may. */
  readonly next: number | undefined
  /** Where its last instruction jumps, if that is known. */
  readonly target: number | undefined
  /** Where a call that ends it is returned from to. */
  readonly after: number | undefined
  /** Its last instruction jumps where only the guest knows. */
  readonly leads: 'anywhere' | 'known'
}

/** A piece as part of a region, so far from the region's first byte, as its ways are. */
export interface HotBlock extends Piece {
  readonly offset: number
  /** Where a jump that may lead anywhere is likely to lead in the region. */
  readonly guesses: readonly number[]
}

/** The piece that begins so far from the region's first byte. */
export function placed({ steps, next, target, after, leads }: Piece, offset: number): HotBlock {
  const from = (way: number | undefined) => (way === undefined ? undefined : offset + way)
  return { offset, steps, next: from(next), target: from(target), after: from(after), leads, guesses: [] }
}

/** What is compared with at a jump that may lead anywhere. */
const guessesAtMost = 6

/** Blocks of a region that know where calls of the region return to. */
export function withReturns(blocks: readonly HotBlock[]): readonly HotBlock[] {
  const there = new Set(blocks.map(({ offset }) => offset))
  const returns = blocks.flatMap(({ target, after }) =>
    after !== undefined && there.has(after) && (target === undefined || there.has(target)) ? [after] : [],
  )
  const guesses = [...new Set(returns)].slice(0, guessesAtMost)
  return blocks.map((block) => (block.leads === 'anywhere' ? { ...block, guesses } : block))
}

/** A control-flow graph in which every loop has one entry, the first node's. Nodes are numbered in reverse postorder. */
export interface Order {
  readonly blocks: readonly HotBlock[]
  /** Number of the block at an offset, if it is part of the region and may be reached by a jump inside it. */
  numberAt(offset: number): number | undefined
  /** Nodes that the node dominates immediately and that several ways lead to, in their order. */
  readonly merges: readonly (readonly number[])[]
  readonly isMerge: readonly boolean[]
  readonly isLoop: readonly boolean[]
  /** Whether the way from a node to another is taken inside the region. */
  connects(from: number, to: number): boolean
}

const successorsOf = ({ next, target, guesses }: HotBlock): number[] =>
  [next, target, ...guesses].filter((each) => each !== undefined)

/** Orders the blocks that are reached from the first one. */
export function orderOf(blocks: readonly HotBlock[]): Order {
  const byOffset = new Map(blocks.map((block) => [block.offset, block]))
  const order = postorder(blocks[0]!, byOffset).reverse()
  const numbers = new Map(order.map((block, number) => [block.offset, number]))
  const successors = order.map((block) => [
    ...new Set(successorsOf(block).flatMap((offset) => numbers.get(offset) ?? [])),
  ])
  const dominators = dominatorsOf(successors)
  const dominates = (a: number, b: number): boolean => {
    let at = b
    while (at > a) at = dominators[at]!
    return at === a
  }
  // a way back to a node that does not dominate where it comes from enters a loop by its side: it is taken outside
  const connects = (from: number, to: number) => to > from || dominates(to, from)
  const forward = order.map(() => 0)
  const isLoop = order.map(() => false)
  for (const [from, list] of successors.entries()) {
    for (const to of list) {
      if (to > from) forward[to]! += 1
      else if (connects(from, to)) isLoop[to] = true
    }
  }
  const isMerge = forward.map((ways) => ways > 1)
  const merges: number[][] = order.map(() => [])
  for (let node = 1; node < order.length; node += 1) if (isMerge[node]) merges[dominators[node]!]!.push(node)
  return { blocks: order, numberAt: (offset) => numbers.get(offset), merges, isMerge, isLoop, connects }
}

function postorder(first: HotBlock, byOffset: ReadonlyMap<number, HotBlock>): HotBlock[] {
  const done: HotBlock[] = []
  const seen = new Set<HotBlock>([first])
  const visit = (block: HotBlock): void => {
    for (const offset of successorsOf(block)) {
      const successor = byOffset.get(offset)
      if (successor === undefined || seen.has(successor)) continue
      seen.add(successor)
      visit(successor)
    }
    done.push(block)
  }
  visit(first)
  return done
}

/** Immediate dominators, by iteration over reverse postorder (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm"). */
function dominatorsOf(successors: readonly (readonly number[])[]): number[] {
  const predecessors: number[][] = successors.map(() => [])
  for (const [from, list] of successors.entries()) for (const to of list) predecessors[to]!.push(from)
  const dominators: (number | undefined)[] = successors.map((_, node) => (node === 0 ? 0 : undefined))
  const common = (one: number, other: number): number => {
    let [a, b] = [one, other]
    while (a !== b) {
      while (a > b) a = dominators[a]!
      while (b > a) b = dominators[b]!
    }
    return a
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let node = 1; node < successors.length; node += 1) {
      const known = predecessors[node]!.filter((each) => dominators[each] !== undefined)
      const dominator = known.reduce(common)
      if (dominators[node] === dominator) continue
      dominators[node] = dominator
      changed = true
    }
  }
  return dominators as number[]
}
