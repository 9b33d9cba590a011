import {
  type AtomicOp,
  type FunctionType,
  type LaneOp,
  type MemoryOp,
  type PlainOp,
  plainOps,
  type ValueType,
} from '@vmm/wasm-encoder'
import { constantI32, constantI64, constantV128 } from './constants.ts'
import { folded } from './fold.ts'
import { foldedLane } from './fold-lanes.ts'
import {
  type Callee,
  type Exit,
  type Node,
  nodeOf,
  nothing,
  type Operation,
  type Region,
  type Statement,
} from './node.ts'

/** A local variable of the function. */
export interface Local {
  readonly index: number
  readonly type: ValueType
  get(): Node
  set(value: Node): void
}

/**
 * A function in the making: nodes are values, methods without a result are effects in program order. What is used
 * once is computed on the stack, what is used twice is kept in a local; `schedule` decides.
 */
export class Code {
  readonly body: Region = { statements: [] }
  /** Types of parameters and local variables, each for one purpose: which of them share a place is found when all is written. */
  readonly locals: ValueType[]
  /** Locals that have a place of their own. */
  readonly permanents: number[] = []
  #region: Region = this.body
  #epoch = 0
  readonly #fixed: Node[] = []

  /** `parameters` are locals 0 and up. */
  constructor(parameters: readonly ValueType[]) {
    this.locals = [...parameters]
  }

  i32(value: number): Node {
    return constantI32(value)
  }

  i64(value: bigint): Node {
    return constantI64(value)
  }

  v128(value: bigint): Node {
    return constantV128(value)
  }

  /** An i32 that is filled in each time that the function is put to use, by number. */
  hole(number: number): Node {
    return this.#node('i32', { kind: 'hole', number }, nothing, 'pure')
  }

  /** An instruction without immediates, folded where its arguments are constants. */
  op(op: PlainOp, ...args: Node[]): Node {
    const { type, operation } = known.get(op) ?? begun(op)
    return folded(this, op, args, type) ?? this.#node(type, operation, args, 'pure')
  }

  lane(op: LaneOp, index: number, ...args: Node[]): Node {
    return foldedLane(this, op, index, args) ?? this.#node(laneType(op), { kind: 'lane', op, index }, args, 'pure')
  }

  shuffle(a: Node, b: Node, pattern: readonly number[]): Node {
    return this.#node('v128', { kind: 'shuffle', pattern }, [a, b], 'pure')
  }

  select(condition: Node, yes: Node, no: Node): Node {
    if (condition.operation.kind === 'constant') return condition.operation.value === 0n ? no : yes
    return this.#node(yes.type, { kind: 'select' }, [yes, no, condition], 'pure')
  }

  load(op: MemoryOp, address: Node, offset = 0): Node {
    return this.#node(loadedType(op), { kind: 'load', op, offset }, [address], 'read')
  }

  /** A load from memory that does not change while the function runs. */
  loadConstant(op: MemoryOp, address: Node, offset = 0): Node {
    return this.#node(loadedType(op), { kind: 'load', op, offset }, [address], 'pure')
  }

  /** A parameter or local that is never assigned again. */
  fixedLocal(index: number): Node {
    let node = this.#fixed[index]
    if (node === undefined) {
      node = nodeOf(this.locals[index]!, { kind: 'local', index }, nothing, 'pure', this.body, 0)
      this.#fixed[index] = node
    }
    return node
  }

  local(type: ValueType): Local {
    const index = this.#newLocal(type)
    this.#region.statements.push({ kind: 'begin', local: index })
    return this.variable(index)
  }

  #newLocal(type: ValueType): number {
    return this.locals.push(type) - 1
  }

  /** A parameter or local by number, as a variable. */
  variable(index: number): Local {
    const type = this.locals[index]!
    const operation = { kind: 'local', index } as const
    return {
      index,
      type,
      get: () => this.#node(type, operation, nothing, 'read'),
      set: (value) => this.#effect({ kind: 'set', local: index, args: [value], epoch: this.#epoch }),
    }
  }

  /** Computes the node here and keeps it. */
  hold(node: Node): Node {
    if (isAtHand(node)) return node
    const local = this.#newLocal(node.type)
    this.#effect({ kind: 'set', local, args: [node], epoch: this.#epoch })
    return this.fixedLocal(local)
  }

  store(op: MemoryOp, address: Node, value: Node, offset = 0): void {
    this.#effect({ kind: 'store', op, offset, args: [address, value], epoch: this.#epoch })
  }

  /** Reads and writes at once, as nobody else does in between; gives what was there. */
  atomic(op: AtomicOp, ...args: Node[]): Node {
    const result = this.#newLocal(op.slice(0, 3) as ValueType)
    this.#effect({ kind: 'atomic', op, args, result, epoch: this.#epoch })
    return this.fixedLocal(result)
  }

  /** What was stored before is seen by all before anything that follows is loaded. */
  fence(): void {
    this.#effect({ kind: 'fence', args: [], epoch: this.#epoch })
  }

  /** Calls a function; results are held in locals. */
  call(index: number, args: readonly Node[], results: readonly ValueType[]): Node[] {
    return this.#call({ kind: 'function', index }, args, results)
  }

  /** Calls through a table of functions: the first one, unless another is named. */
  callTable(type: FunctionType, slot: Node, args: readonly Node[], table = 0): Node[] {
    return this.#call({ kind: 'table', table, type }, [...args, slot], type.results)
  }

  #call(callee: Callee, args: readonly Node[], results: readonly ValueType[]): Node[] {
    const locals = results.map((type) => this.#newLocal(type))
    this.#effect({ kind: 'call', callee, args, results: locals, epoch: this.#epoch })
    return locals.map((local) => this.fixedLocal(local))
  }

  /**
   * Runs one of the cases; a selector past them runs `otherwise`. `targets` names the case of each selector, where they are not in
   * order: `cases.length` is `otherwise`.
   */
  switch(
    selector: Node,
    cases: readonly (() => void)[],
    otherwise: () => void,
    targets: readonly number[] = cases.map((_, index) => index),
  ): void {
    const epoch = this.#epoch
    const regions = [...cases, otherwise].map((build) => this.#inside(build))
    this.#effect({
      kind: 'switch',
      args: [selector],
      cases: regions.slice(0, -1),
      targets,
      otherwise: regions.at(-1)!,
      epoch,
    })
  }

  /** Repeats its body until something leaves; `{ kind: 'again', loop: name }` starts the next round. */
  forever(name: string, body: () => void): void {
    this.#effect({ kind: 'forever', name, body: this.#inside(body) })
  }

  /** A body that `{ kind: 'out', block: name }` leaves. */
  block(name: string, body: () => void): void {
    this.#effect({ kind: 'block', name, body: this.#inside(body) })
  }

  /** A place here for code that is made afterwards: what is given back makes it, once. */
  later(name: string): (build: () => void) => void {
    const body: Region = { statements: [] }
    this.#effect({ kind: 'block', name, body })
    return (build) => void this.#inside(build, body)
  }

  /** A local that shares its place with no other. */
  permanent(type: ValueType): Local {
    const index = this.#newLocal(type)
    this.permanents.push(index)
    return this.variable(index)
  }

  bulk(op: 'memory.copy' | 'memory.fill', to: Node, from: Node, count: Node): void {
    this.#effect({ kind: 'bulk', op, args: [to, from, count], epoch: this.#epoch })
  }

  if(condition: Node, then: () => void, otherwise?: () => void): void {
    this.#either(condition, then, otherwise, undefined)
  }

  /** The same where the condition mostly holds: what is done otherwise is kept out of the way. */
  usually(condition: Node, then: () => void, otherwise: () => void): void {
    this.#either(condition, then, otherwise, true)
  }

  /** The same where the condition hardly ever holds. */
  rarely(condition: Node, then: () => void): void {
    this.#either(condition, then, undefined, false)
  }

  #either(condition: Node, then: () => void, otherwise: (() => void) | undefined, likely: boolean | undefined): void {
    if (condition.operation.kind === 'constant') return condition.operation.value === 0n ? otherwise?.() : then()
    const epoch = this.#epoch
    const yes = this.#inside(then)
    const no = otherwise === undefined ? undefined : this.#inside(otherwise)
    this.#effect({ kind: 'if', args: [condition], body: yes, otherwise: no, likely, epoch })
  }

  loop(condition: () => Node, body: () => void): void {
    this.#epoch += 1
    let asked!: Node
    const head = this.#inside(() => {
      asked = condition()
    })
    const inner = this.#inside(body)
    this.#effect({ kind: 'loop', head, condition: asked, body: inner })
  }

  leave(exit: Exit, ...values: Node[]): void {
    this.#effect({ kind: 'leave', exit, args: values, epoch: this.#epoch })
  }

  #inside(build: () => void, region: Region = { statements: [] }): Region {
    const outer = this.#region
    this.#region = region
    this.#epoch += 1
    build()
    this.#epoch += 1
    this.#region = outer
    return region
  }

  #effect(statement: Statement): void {
    this.#region.statements.push(statement)
    this.#epoch += 1
  }

  #node(type: ValueType, operation: Operation, args: readonly Node[], moves: Node['moves']): Node {
    const node = nodeOf(type, operation, args, moves, this.#region, this.#epoch)
    this.#region.statements.push(node)
    return node
  }
}

/** Costs nothing to name again: a constant, or a local that is never assigned again. */
const isAtHand = ({ operation, moves }: Node): boolean =>
  operation.kind === 'constant' || (operation.kind === 'local' && moves === 'pure')

interface Known {
  readonly type: ValueType
  readonly operation: Operation
}

/** What is the same for all nodes of a plain instruction. */
const known = new Map<PlainOp, Known>()

function begun(op: PlainOp): Known {
  const made = { type: namedResult(op), operation: { kind: 'plain', op, opcode: plainOps[op] } } as const
  known.set(op, made)
  return made
}

/** The type of a plain instruction's result, read off its name. */
function namedResult(op: PlainOp): ValueType {
  if (/\.(eqz|eq|ne|[lg][te]_[su]|lt|gt|le|ge)$/.test(op) && !op.includes('x')) return 'i32'
  if (/\.(any_true|all_true|bitmask)$/.test(op)) return 'i32'
  if (op.startsWith('v128') || /^[if]\d+x/.test(op)) return 'v128'
  return op.slice(0, 3) as ValueType
}

function laneType(op: LaneOp): ValueType {
  if (op.includes('replace')) return 'v128'
  return op.startsWith('i8') || op.startsWith('i16') ? 'i32' : (op.slice(0, 3) as ValueType)
}

function loadedType(op: MemoryOp): ValueType {
  return op.startsWith('v128') ? 'v128' : (op.slice(0, 3) as ValueType)
}
