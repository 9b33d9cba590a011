import {
  type AtomicOp,
  atomicOps,
  type BranchHint,
  ByteWriter,
  bulkOps,
  control,
  type FunctionType,
  fenceOp,
  laneOps,
  memoryOps,
  plainOps,
  type ValueType,
  vectorOps,
} from '@vmm/wasm-encoder'
import type { Code } from './code.ts'
import { type Emitted, emptyHole, type Hole } from './holes.ts'
import { LocalUses } from './local-uses.ts'
import type { Callee, Exit, Node, Region, Statement } from './node.ts'
import { schedule } from './schedule.ts'

const blockVoid = 0x40

/** What is being written: one function at a time. */
const out = new ByteWriter()

/** Turns code into the body of a function whose first `parameters` locals come from the caller. */
export function functionOf(code: Code, parameters: number, typeIndex: (type: FunctionType) => number): Emitted {
  schedule(code.body)
  out.clear()
  const uses = new LocalUses(code.locals)
  const writer = new Writer(out, uses, typeIndex)
  writer.region(code.body)
  // every path has left by now, but a function with results must look as if it could not fall through
  out.byte(control.unreachable)
  const fixed = code.locals.map((_, index) => index).slice(0, parameters)
  const { locals, bytes, marks } = uses.placed([...fixed, ...code.permanents], out.view(), writer.marks)
  const hints = marks.filter((mark) => 'taken' in mark)
  const holes = marks.filter((mark) => 'number' in mark)
  return { locals: locals.slice(parameters), code: bytes, hints, holes }
}

class Writer {
  readonly #out: ByteWriter
  readonly #uses: LocalUses
  readonly #typeIndex: (type: FunctionType) => number
  /** Blocks that are open; those with a name remember at which depth they began. */
  #depth = 0
  readonly #named = new Map<string, number>()
  /** In the order of the code. */
  readonly marks: (BranchHint | Hole)[] = []

  constructor(out: ByteWriter, uses: LocalUses, typeIndex: (type: FunctionType) => number) {
    this.#out = out
    this.#uses = uses
    this.#typeIndex = typeIndex
  }

  region(region: Region): void {
    for (const statement of region.statements) this.#statement(statement)
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'node':
        if (statement.held) this.#hold(statement)
        break
      case 'store':
        this.#values(statement.args)
        this.#memory(memoryOps[statement.op], statement.op, statement.offset)
        break
      case 'set':
        this.#values(statement.args)
        this.#local(control['local.set'], statement.local)
        break
      case 'call':
        this.#values(statement.args)
        this.#call(statement.callee)
        for (const local of statement.results.toReversed()) this.#local(control['local.set'], local)
        break
      case 'atomic':
        this.#values(statement.args)
        this.#atomic(statement.op, statement.result)
        break
      case 'fence':
        this.#out.bytes(fenceOp)
        break
      case 'bulk':
        this.#values(statement.args)
        this.#out.bytes(bulkOps[statement.op])
        break
      case 'if':
        this.#if(statement)
        break
      case 'loop':
        this.#loop(statement.head, statement.condition, statement.body)
        break
      case 'leave':
        this.#values(statement.args)
        this.#leave(statement.exit)
        break
      case 'switch':
        this.#switch(statement)
        break
      case 'begin':
        this.#uses.begin(statement.local)
        break
      case 'forever':
        this.#uses.beginLoop()
        this.#enclosed(control.loop, statement.name, statement.body)
        this.#uses.endLoop(this.#out.length)
        break
      case 'block':
        this.#enclosed(control.block, statement.name, statement.body)
        break
      default:
        statement satisfies never
    }
  }

  #atomic(op: AtomicOp, result: number): void {
    const { opcode, alignment } = atomicOps[op]
    this.#out.opcode(opcode)
    this.#out.byte(alignment)
    this.#out.unsigned(0)
    this.#local(control['local.set'], result)
  }

  #call(callee: Callee): void {
    if (callee.kind === 'function') {
      this.#out.byte(control.call)
      this.#out.unsigned(callee.index)
    } else {
      this.#out.byte(control.call_indirect)
      this.#out.unsigned(this.#typeIndex(callee.type))
      this.#out.unsigned(callee.table)
    }
  }

  #leave(exit: Exit): void {
    if (exit.kind === 'return') return this.#out.byte(control.return)
    const name = exit.kind === 'again' ? exit.loop : exit.block
    const depth = this.#named.get(name)
    if (depth === undefined) throw new Error(`nothing called ${name} encloses this code`)
    this.#out.byte(control.br)
    this.#out.unsigned(this.#depth - depth)
  }

  #enclosed(opening: number, name: string, body: Region): void {
    this.#out.bytes([opening, blockVoid])
    this.#depth += 1
    this.#named.set(name, this.#depth)
    this.region(body)
    this.#named.delete(name)
    this.#depth -= 1
    this.#out.byte(control.end)
  }

  /** One block a case, the first case's innermost: its code follows the end of its block. */
  #switch({ args: [selector], cases, targets, otherwise }: Extract<Statement, { kind: 'switch' }>): void {
    const count = cases.length
    for (let at = 0; at <= count + 1; at += 1) this.#out.bytes([control.block, blockVoid])
    this.#depth += count + 2
    this.#value(selector)
    this.#out.byte(control.br_table)
    this.#out.unsigned(targets.length)
    for (const target of targets) this.#out.unsigned(target)
    this.#out.unsigned(count)
    for (const [at, region] of [...cases, otherwise].entries()) {
      this.#out.byte(control.end)
      this.#depth -= 1
      this.region(region)
      this.#out.byte(control.br)
      this.#out.unsigned(count - at)
    }
    this.#out.byte(control.end)
    this.#depth -= 1
  }

  #if({ args: [condition], body: then, otherwise, likely }: Extract<Statement, { kind: 'if' }>): void {
    this.#value(condition)
    if (likely !== undefined) this.marks.push({ at: this.#out.length, taken: likely })
    this.#out.byte(control.if)
    this.#out.byte(blockVoid)
    this.#depth += 1
    this.region(then)
    if (otherwise !== undefined && otherwise.statements.length > 0) {
      this.#out.byte(control.else)
      this.region(otherwise)
    }
    this.#depth -= 1
    this.#out.byte(control.end)
  }

  #loop(head: Region, condition: Node, body: Region): void {
    this.#out.bytes([control.block, blockVoid, control.loop, blockVoid])
    this.#depth += 2
    this.#uses.beginLoop()
    this.region(head)
    this.#value(condition)
    this.#out.bytes([plainOps['i32.eqz'], control.br_if, 1])
    this.region(body)
    this.#out.bytes([control.br, 0, control.end, control.end])
    this.#uses.endLoop(this.#out.length)
    this.#depth -= 2
  }

  #hold(node: Node): void {
    this.#compute(node)
    node.local = this.#uses.add(node.type)
    this.#local(control['local.set'], node.local)
  }

  #values(nodes: readonly Node[]): void {
    for (const node of nodes) this.#value(node)
  }

  #value(node: Node): void {
    if (node.held) this.#local(control['local.get'], node.local)
    else this.#compute(node)
  }

  #compute(node: Node): void {
    const out = this.#out
    const { operation } = node
    this.#values(node.args)
    switch (operation.kind) {
      case 'constant':
        this.#constant(node.type, operation.value)
        break
      case 'hole':
        this.marks.push({ at: out.length, number: operation.number })
        out.bytes(emptyHole)
        break
      case 'plain':
        out.opcode(operation.opcode)
        break
      case 'lane':
        out.opcode(laneOps[operation.op])
        out.byte(operation.index)
        break
      case 'shuffle':
        out.opcode(vectorOps['i8x16.shuffle'])
        out.bytes(operation.pattern)
        break
      case 'load':
        this.#memory(memoryOps[operation.op], operation.op, operation.offset)
        break
      case 'local':
        this.#local(control['local.get'], operation.index)
        break
      case 'select':
        if (node.type === 'v128') out.bytes([0x1c, 1, 0x7b])
        else out.byte(control.select)
        break
      default:
        operation satisfies never
    }
  }

  #constant(type: ValueType, value: bigint): void {
    const out = this.#out
    if (type === 'v128') {
      out.opcode(vectorOps['v128.const'])
      out.bytes(Array.from({ length: 16 }, (_, index) => Number((value >> BigInt(index * 8)) & 0xffn)))
      return
    }
    out.byte(type === 'i64' ? control['i64.const'] : control['i32.const'])
    if (type === 'i64') out.signed64(value)
    else out.signed32(Number(value))
  }

  #local(opcode: number, index: number): void {
    this.#out.byte(opcode)
    this.#uses.use(index, this.#out.length)
  }

  /** Guest accesses may be unaligned: the hint is 0 everywhere. */
  #memory(opcode: number, _name: string, offset: number): void {
    this.#out.opcode(opcode)
    this.#out.byte(0)
    this.#out.unsigned(offset)
  }
}
