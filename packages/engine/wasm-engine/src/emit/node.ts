import type { AtomicOp, FunctionType, LaneOp, MemoryOp, PlainOp, ValueType } from '@vmm/wasm-encoder'

/** What a node computes. */
export type Operation =
  | { readonly kind: 'constant'; readonly value: bigint }
  /** A number that is known when the function is put to use. */
  | { readonly kind: 'hole'; readonly number: number }
  | { readonly kind: 'plain'; readonly op: PlainOp; readonly opcode: number }
  | { readonly kind: 'lane'; readonly op: LaneOp; readonly index: number }
  | { readonly kind: 'shuffle'; readonly pattern: readonly number[] }
  | { readonly kind: 'load'; readonly op: MemoryOp; readonly offset: number }
  | { readonly kind: 'local'; readonly index: number }
  | { readonly kind: 'select' }

/**
 * A value of a function in the making. `moves` says how free it is: a `pure` node may be computed anywhere between
 * where it was made and where it is used, a `read` only as long as nothing was written in between, a `fixed` one
 * exactly where it was made.
 */
export interface Node {
  /** A node is a statement: where it is computed, if it is held. */
  readonly kind: 'node'
  readonly type: ValueType
  readonly operation: Operation
  readonly args: readonly Node[]
  readonly moves: 'pure' | 'read' | 'fixed'
  readonly region: Region
  /** How many effects had happened in the function when the node was made. */
  readonly epoch: number
  uses: number
  /** Computed once into a local, where it was made. */
  held: boolean
  /** The local, once it has been computed; -1 before. */
  local: number
}

/** The arguments of what has none. */
export const nothing: readonly Node[] = []

/** A node that nobody uses yet. */
export function nodeOf(
  type: ValueType,
  operation: Operation,
  args: readonly Node[],
  moves: Node['moves'],
  region: Region,
  epoch: number,
): Node {
  return { kind: 'node', type, operation, args, moves, region, epoch, uses: 0, held: false, local: -1 }
}

/** A function by index, or one of a table, whose slot is the last argument. */
export type Callee =
  | { readonly kind: 'function'; readonly index: number }
  | { readonly kind: 'table'; readonly table: number; readonly type: FunctionType }

export type Statement =
  | Node
  | {
      readonly kind: 'store'
      readonly op: MemoryOp
      readonly offset: number
      readonly args: readonly [Node, Node]
      readonly epoch: number
    }
  | { readonly kind: 'set'; readonly local: number; readonly args: readonly [Node]; readonly epoch: number }
  | {
      readonly kind: 'call'
      readonly callee: Callee
      readonly args: readonly Node[]
      readonly results: readonly number[]
      readonly epoch: number
    }
  | {
      readonly kind: 'atomic'
      readonly op: AtomicOp
      readonly args: readonly Node[]
      readonly result: number
      readonly epoch: number
    }
  | { readonly kind: 'fence'; readonly args: readonly []; readonly epoch: number }
  | {
      readonly kind: 'switch'
      readonly args: readonly [Node]
      readonly cases: readonly Region[]
      /** The case of each value of the selector from 0 up. */
      readonly targets: readonly number[]
      readonly otherwise: Region
      readonly epoch: number
    }
  | {
      readonly kind: 'bulk'
      readonly op: 'memory.copy' | 'memory.fill'
      readonly args: readonly [Node, Node, Node]
      readonly epoch: number
    }
  | {
      readonly kind: 'if'
      readonly args: readonly [Node]
      readonly body: Region
      readonly otherwise: Region | undefined
      /** Whether the condition is likely to hold, where that is known. */
      readonly likely: boolean | undefined
      readonly epoch: number
    }
  | { readonly kind: 'forever'; readonly name: string; readonly body: Region }
  | { readonly kind: 'block'; readonly name: string; readonly body: Region }
  | { readonly kind: 'loop'; readonly head: Region; readonly condition: Node; readonly body: Region }
  /** A variable is of no use before this place. */
  | { readonly kind: 'begin'; readonly local: number }
  | { readonly kind: 'leave'; readonly exit: Exit; readonly args: readonly Node[]; readonly epoch: number }

/** How control leaves: `return` with values, round to the head of an enclosing `forever`, or out of a `block`, by its name. */
export type Exit =
  | { readonly kind: 'return' }
  | { readonly kind: 'again'; readonly loop: string }
  | { readonly kind: 'out'; readonly block: string }

/** A straight list of statements: a function's body, a branch, a loop. */
export interface Region {
  readonly statements: Statement[]
}
