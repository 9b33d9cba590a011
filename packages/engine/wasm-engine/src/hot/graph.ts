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
  /** Its last instruction jumps where only the guest knows: back to where it was called from, or anywhere. */
  readonly leads: 'known' | 'back' | 'anywhere'
}

/** A piece as part of a region, so far from the region's first byte, as its ways are. */
export interface HotBlock extends Piece {
  readonly offset: number
  /** Where its decoded block lies in linear memory, and its first byte. */
  readonly address: number
  readonly host: number
  /** Where a jump that may lead anywhere is likely to lead in the region. */
  readonly guesses: readonly number[]
}

/** Where a piece is found that begins so far from the region's first byte. */
export type Place = Pick<HotBlock, 'offset' | 'address' | 'host'>

/** The piece at a place. */
export function placed({ steps, next, target, after, leads }: Piece, place: Place): HotBlock {
  const from = (way: number | undefined) => (way === undefined ? undefined : place.offset + way)
  return { ...place, steps, next: from(next), target: from(target), after: from(after), leads, guesses: [] }
}

/** A page's mapping is the same for all of it: what is reached within it needs no look at it. */
export function isOnPageOf(here: HotBlock, there: HotBlock): boolean {
  return there.host >>> 12 === here.host >>> 12 && there.host - here.host === there.offset - here.offset
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
  return blocks.map((block) => (block.leads === 'known' ? block : { ...block, guesses }))
}

/** Where calls of code outside the region return to in it: it is entered there, too. */
export function returnsFromOutside(blocks: readonly HotBlock[]): number[] {
  const there = new Set(blocks.map(({ offset }) => offset))
  return blocks.flatMap(({ target, after }) =>
    after !== undefined && there.has(after) && (target === undefined || !there.has(target)) ? [after] : [],
  )
}

/**
 * A control-flow graph in which every loop has one entry, the first node's. Nodes are numbered in reverse postorder. Where a region is
 * entered at several blocks the first node is the choice between them.
 */
export interface Order {
  /** By node; undefined is the choice. */
  readonly blocks: readonly (HotBlock | undefined)[]
  /** Nodes that the choice leads to, by the number that each has there; empty where there is no choice. */
  readonly choices: readonly number[]
  /** Node of the block at an offset, if it is part of the region. */
  numberAt(offset: number): number | undefined
  /** Nodes that the node dominates immediately and that several ways lead to, in their order. */
  readonly merges: readonly (readonly number[])[]
  readonly isMerge: readonly boolean[]
  readonly isLoop: readonly boolean[]
  /** Whether a node is dominated by another. */
  isDominated(node: number, by: number): boolean
}

const successorsOf = ({ next, target, guesses }: HotBlock): number[] =>
  [next, target, ...guesses].filter((each) => each !== undefined)

/** Successors by node, of which the first is the entry. */
type Graph = readonly (readonly number[])[]

/** Orders the blocks that are reached from those at `entries`. */
export function orderOf(blocks: readonly HotBlock[], entries: readonly number[]): Order {
  const numbers = new Map(blocks.map(({ offset }, number) => [offset, number]))
  const ways = blocks.map((block) => [...new Set(successorsOf(block).flatMap((offset) => numbers.get(offset) ?? []))])
  const chosen = [...new Set(entries)].map((offset) => numbers.get(offset)!)
  if (chosen.length === 1) {
    const order = numbered(ways, chosen[0]!)
    if (sideEntries(order, []).length === 0) return orderBy(blocks, order, [])
  }
  // a loop that is entered by its side is entered through the choice
  for (;;) {
    const order = numbered([...ways, chosen], blocks.length)
    const more = sideEntries(order, order.graph[0]!).map((node) => order.nodes[node]!)
    if (more.length === 0) return orderBy(blocks, order, chosen)
    chosen.push(...more)
  }
}

interface Numbered {
  /** What was reached, in reverse postorder, by its number before. */
  readonly nodes: readonly number[]
  readonly graph: Graph
  readonly dominators: readonly number[]
}

function numbered(ways: Graph, first: number): Numbered {
  const nodes = postorder(ways, first).reverse()
  const places = new Map(nodes.map((node, place) => [node, place]))
  const graph = nodes.map((node) => ways[node]!.map((to) => places.get(to)!))
  return { nodes, graph, dominators: dominatorsOf(graph) }
}

/** Targets of ways back that do not dominate where the way comes from, but for the known ones. */
function sideEntries({ graph, dominators }: Numbered, known: readonly number[]): number[] {
  const isDominated = dominationIn(dominators)
  const found = new Set<number>()
  for (const [from, list] of graph.entries())
    for (const to of list) if (to <= from && !isDominated(from, to) && !known.includes(to)) found.add(to)
  return [...found]
}

/** Whether a node is dominated by another. */
const dominationIn =
  (dominators: readonly number[]) =>
  (node: number, by: number): boolean => {
    let at = node
    while (at > by) at = dominators[at]!
    return at === by
  }

function orderBy(
  blocks: readonly HotBlock[],
  { nodes, graph, dominators }: Numbered,
  chosen: readonly number[],
): Order {
  const isDominated = dominationIn(dominators)
  const forward = nodes.map(() => 0)
  // what jumps anywhere chooses again
  const chooses = chosen.length > 0 && blocks.some(({ leads }) => leads !== 'known')
  const isLoop = nodes.map((_, node) => node === 0 && chooses)
  for (const [from, list] of graph.entries()) {
    for (const to of list) {
      if (to > from) forward[to]! += 1
      else isLoop[isDominated(from, to) ? to : 0] = true
    }
  }
  const isMerge = forward.map((ways) => ways > 1)
  const merges: number[][] = nodes.map(() => [])
  for (let node = 1; node < nodes.length; node += 1) if (isMerge[node]) merges[dominators[node]!]!.push(node)
  const places = new Map(nodes.map((node, place) => [node, place]))
  const byOffset = new Map(nodes.map((node, place) => [blocks[node]?.offset, place]))
  return {
    blocks: nodes.map((node) => blocks[node]),
    choices: chosen.map((node) => places.get(node)!),
    numberAt: (offset) => byOffset.get(offset),
    merges,
    isMerge,
    isLoop,
    isDominated,
  }
}

function postorder(ways: Graph, first: number): number[] {
  const done: number[] = []
  const seen = new Set([first])
  const visit = (node: number): void => {
    for (const successor of ways[node]!) {
      if (seen.has(successor)) continue
      seen.add(successor)
      visit(successor)
    }
    done.push(node)
  }
  visit(first)
  return done
}

/** Immediate dominators, by iteration over reverse postorder (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm"). */
function dominatorsOf(successors: Graph): number[] {
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
