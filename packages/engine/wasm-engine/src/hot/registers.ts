import type { MemoryOp, PlainOp } from '@vmm/wasm-encoder'
import type { Code, Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import type { RegisterBank, RegisterPlace } from '../reading/register-bank.ts'
import { at } from '../state-layout.ts'
import { KeptLocals } from './kept-locals.ts'
import type { KnownVectors } from './known-vectors.ts'

const gprEnd = at.gpr + 16 * 8
const vectorEnd = at.vector + 32 * 64
/** Halves of a YMM register are kept apart. */
const halfBytes = 16

interface RegistersAround {
  readonly rip: Node
  readonly known: KnownVectors
  readonly nested: () => boolean
}

/** General and vector registers in locals of a region, each loaded before it and stored behind it if the region uses it. */
export class RegistersInLocals implements RegisterBank {
  readonly #code: Code
  readonly #cpu: Node
  /** Whether the place is inside a branch or loop of an instruction. */
  readonly #nested: () => boolean
  readonly known: KnownVectors
  readonly #kept: KeptLocals
  /** RIP of the block that is being emitted: the base of its relative addresses. */
  blockRip: Node

  constructor(code: Code, cpu: Node, { rip, known, nested }: RegistersAround) {
    this.#code = code
    this.#cpu = cpu
    this.#kept = new KeptLocals(code, cpu)
    this.#nested = nested
    this.known = known
    this.blockRip = rip
  }

  readonly load = (op: MemoryOp, place: RegisterPlace, more = 0): Node => {
    const offset = numberOf(place) + more
    if (offset >= at.gpr && offset < gprEnd) return this.#loadGeneral(op, offset)
    if (offset >= at.vector && offset < vectorEnd) return this.#loadVector(op, offset)
    if (offset === at.zero) return this.#fixed(op, 0n)
    if (offset === at.sixteen) return this.#fixed(op, 16n)
    if (offset === at.blockRip) return op === 'i64.load' ? this.blockRip : this.#code.op('i32.wrap_i64', this.blockRip)
    return this.#code.load(op, this.#cpu, offset)
  }

  readonly store = (op: MemoryOp, place: RegisterPlace, value: Node, more = 0): void => {
    const offset = numberOf(place) + more
    if (offset >= at.gpr && offset < gprEnd) this.#storeGeneral(op, offset, value)
    else if (offset >= at.vector && offset < vectorEnd) this.#storeVector(op, offset, value)
    else this.#code.store(op, this.#cpu, value, offset)
  }

  /** Brings into locals what the region uses. To be called when all of it has been emitted, for a place before it. */
  fetch(): void {
    this.#kept.fetch()
  }

  /** Puts back what the region changes. */
  putBack(): void {
    this.#kept.putBack()
  }

  #fixed(op: MemoryOp, value: bigint): Node {
    return op === 'i64.load' ? this.#code.i64(value) : this.#code.i32(Number(value))
  }

  #loadGeneral(op: MemoryOp, offset: number): Node {
    const code = this.#code
    const local = this.#kept.at(offset & ~7, 64)
    if (op === 'i64.load') return local.get()
    const low = code.op('i32.wrap_i64', local.get())
    if (op === 'i32.load') return low
    if (op === 'i32.load16_u') return code.op('i32.and', low, code.i32(0xffff))
    const shifted = (offset & 7) === 0 ? low : code.op('i32.shr_u', low, code.i32((offset & 7) * 8))
    return code.op('i32.and', shifted, code.i32(0xff))
  }

  #storeGeneral(op: MemoryOp, offset: number, value: Node): void {
    const code = this.#code
    const local = this.#kept.toSet(offset & ~7, 64)
    if (op === 'i64.store') return local.set(value)
    const bits = { 'i32.store8': 8n, 'i32.store16': 16n, 'i32.store': 32n }[op as string]!
    const shift = BigInt(offset & 7) * 8n
    const mask = ((1n << bits) - 1n) << shift
    const wide = code.op('i64.shl', code.op('i64.extend_i32_u', value), code.i64(shift))
    const part = code.op('i64.and', wide, code.i64(mask))
    local.set(code.op('i64.or', code.op('i64.and', local.get(), code.i64(~mask)), part))
  }

  #loadVector(op: MemoryOp, offset: number): Node {
    const code = this.#code
    const place = offset - (offset % halfBytes)
    const local = this.#kept.at(place, 128)
    if (offset !== place) throw new Error(`a vector register is read ${offset - place} bytes in`)
    switch (op) {
      case 'v128.load':
        return this.known.read(place, local.get())
      case 'i64.load':
        return code.op('i64.reinterpret_f64', this.#low(place, local, 'f64'))
      case 'i32.load':
        return code.op('i32.reinterpret_f32', this.#low(place, local, 'f32'))
      case 'i32.load16_u':
        return code.lane('i16x8.extract_lane_u', 0, local.get())
      default:
        return code.lane('i8x16.extract_lane_u', 0, local.get())
    }
  }

  /** The lowest lane as a float. */
  #low(place: number, local: Local, type: 'f32' | 'f64'): Node {
    const known = this.known.lowOf(place, type)
    if (known !== undefined) return known
    const lane = type === 'f64' ? 'f64x2.extract_lane' : 'f32x4.extract_lane'
    const low = this.#code.hold(this.#code.lane(lane, 0, local.get()))
    if (!this.#nested()) this.known.foundLow(place, low)
    return low
  }

  #storeVector(op: MemoryOp, offset: number, value: Node): void {
    const code = this.#code
    const place = offset - (offset % halfBytes)
    if (offset !== place) throw new Error(`a vector register is written ${offset - place} bytes in`)
    const local = this.#kept.toSet(place, 128)
    this.#noteStore(place, op, value)
    if (op === 'v128.store') return local.set(value)
    const lane = { 'i64.store': 'i64x2', 'i32.store': 'i32x4', 'i32.store16': 'i16x8', 'i32.store8': 'i8x16' }[
      op as string
    ] as 'i64x2'
    local.set(code.lane(`${lane}.replace_lane`, 0, local.get(), value))
  }

  #noteStore(place: number, op: MemoryOp, value: Node): void {
    const { operation, args } = value
    const isFloat = operation.kind === 'plain' && operation.op === castBefore[op]
    if (this.#nested()) this.known.lost(place)
    else if (op === 'v128.store') this.known.written(place, value)
    else if (isFloat && args[0]!.operation.kind === 'local') this.known.writtenLow(place, args[0]!)
    else this.known.lost(place)
  }
}

/** Stores of the lowest lane by the cast that a float comes through. */
const castBefore: Readonly<Partial<Record<MemoryOp, PlainOp>>> = {
  'i64.store': 'i64.reinterpret_f64',
  'i32.store': 'i32.reinterpret_f32',
}

function numberOf(place: RegisterPlace): number {
  if (typeof place === 'number') return place
  if (place.operation.kind !== 'constant') throw new Error('the place of a register is known when a region is emitted')
  return Number(place.operation.value)
}
