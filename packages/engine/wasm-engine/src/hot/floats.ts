import type { PlainOp } from '@vmm/wasm-encoder'
import { simdOperations } from '@vmm/x86-semantics'
import type { Code, Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { hasQuickWay } from '../reading/quick-simd.ts'
import { at } from '../state-layout.ts'
import type { KnownVectors } from './known-vectors.ts'
import { packedWays } from './packed-floats.ts'
import { scalarWays } from './scalar-floats.ts'

/*
 * Floats of a region are computed by WebAssembly's own arithmetic where nothing but the result can come of it: all masked, rounding to
 * nearest, PE set already, operands and result tame. What is looked at is as little as will do. Other cases are put to a function that
 * looks closer, and where that sees more than a result the region leaves before the instruction.
 */

/** What a region has for its floats. */
export interface FloatsAround {
  readonly code: Code
  readonly cpu: Node
  readonly known: KnownVectors
  /** The function that looks closer, of type `closerType`, by the number of an operation. */
  closer(operation: number): number
  /** The function that fuses, of type `fusedType`, by the number of an operation. */
  fused(operation: number): number
  /** Leaves before the instruction. */
  decline(): void
}

/** One operation: halves of its operands, and how it was asked for. */
export interface FloatCall {
  readonly operation: number
  readonly a: readonly [low: Node, high: Node]
  readonly b: readonly [low: Node, high: Node]
  readonly immediate: number
}

export type Halves = readonly [low: Node, high: Node]

/** Emits one operation; gives the halves of its result. */
export type FloatWay = (floats: RegionFloats, call: FloatCall) => Halves

const ways: Readonly<Record<string, FloatWay>> = { ...scalarWays, ...packedWays }

/** All masked, rounding to nearest, denormals as they are, and PE. */
const calmMask = 0xffe0
const calm = 0x1fa0

/** MXCSR.RC, and down. SDM 1 §10.2.3.1. */
const [roundingMask, roundingDown] = [0x6000, 0x2000] as const

/** Constants and facts that a region's floats share, in locals that are set before it. */
interface Shared {
  readonly local: Local
  readonly value: () => Node
}

/** The floats of a region. */
export class RegionFloats {
  readonly around: FloatsAround
  readonly code: Code
  readonly known: KnownVectors
  readonly #shared = new Map<string, Shared>()

  constructor(around: FloatsAround) {
    this.around = around
    this.code = around.code
    this.known = around.known
  }

  /** Emits a `simd` host call; undefined where it must be made. No flags come of it. */
  call(values: readonly Node[]): readonly [Node, Node, Node] | undefined {
    const [number, aLow, aHigh, bLow, bHigh] = values as [Node, Node, Node, Node, Node]
    if (number.operation.kind !== 'constant') return undefined
    const operation = Number(number.operation.value)
    const name = simdOperations[operation & 0xff]!
    if (!hasQuickWay(name)) return undefined
    const call = { operation, a: [aLow, aHigh], b: [bLow, bHigh], immediate: operation >> 8 } as const
    const [low, high] = (ways[name] ?? byLookingCloser)(this, call)
    return [low, high, this.code.i32(0)]
  }

  /** Emits a `fused` host call, where its operation is known. */
  fused([number, ...halves]: readonly Node[]): readonly [Node, Node, Node] | undefined {
    if (number?.operation.kind !== 'constant') return undefined
    const { code, around } = this
    const index = around.fused(Number(number.operation.value))
    const [low, high, isDone] = code.call(index, halves, ['i64', 'i64', 'i32'])
    code.rarely(code.op('i32.eqz', isDone!), around.decline)
    return [low!, high!, code.i32(0)]
  }

  /** To be called when all has been emitted, for a place before it. */
  fetch(): void {
    for (const { local, value } of this.#shared.values()) local.set(value())
  }

  /** A value that is the same all through the region, computed before it. */
  shared(name: string, type: Local['type'], value: () => Node): Node {
    let known = this.#shared.get(name)
    if (known === undefined) {
      known = { local: this.code.permanent(type), value }
      this.#shared.set(name, known)
    }
    return this.code.fixedLocal(known.local.index)
  }

  /** Whether inexact results go unnoticed: a value of one of two, by MXCSR before the region. It changes for the better at most. */
  ifCalm(name: string, type: 'i32' | 'i64' | 'v128', then: () => Node, otherwise: () => Node): Node {
    const { code } = this
    return this.shared(name, type, () => {
      const control = code.load('i32.load', this.around.cpu, at.MXCSR)
      const isCalm = code.op('i32.eq', code.op('i32.and', control, code.i32(calmMask)), code.i32(calm))
      return code.select(isCalm, then(), otherwise())
    })
  }

  /** All ones unless MXCSR says to round down, as a vector. It does not change in the region. */
  unlessDown(): Node {
    const { code } = this
    return this.shared('unless down', 'v128', () => {
      const control = code.load('i32.load', this.around.cpu, at.MXCSR)
      const isDown = code.op('i32.eq', code.op('i32.and', control, code.i32(roundingMask)), code.i32(roundingDown))
      const all = (value: bigint) => code.op('i64x2.splat', code.i64(value))
      return code.select(isDown, all(0n), all(-1n))
    })
  }

  /** Not zero where inexact results go unnoticed. */
  isCalm(): Node {
    const { code } = this
    return this.ifCalm(
      'calm',
      'i32',
      () => code.i32(1),
      () => code.i32(0),
    )
  }

  /**
   * Where one of the conditions holds, looks closer, unless that is not so bad after all: `use` takes the halves of the result from
   * there.
   */
  closerIf(odd: readonly Node[], call: FloatCall, use: (result: Halves) => void, isBad?: () => Node): void {
    const { code } = this
    code.block('usual', () => {
      code.block('odd', () => {
        for (const condition of odd) code.rarely(condition, () => code.leave({ kind: 'out', block: 'odd' }))
        code.leave({ kind: 'out', block: 'usual' })
      })
      if (isBad === undefined) use(this.closer(call))
      else code.rarely(isBad(), () => use(this.closer(call)))
    })
  }

  /** The result of looking closer, or the region leaves. */
  closer({ operation, a, b }: FloatCall): Halves {
    const { code, around } = this
    const control = code.load('i32.load', around.cpu, at.MXCSR)
    const index = around.closer(operation)
    const [low, high, isDone] = code.call(index, [control, ...a, ...b], ['i64', 'i64', 'i32'])
    code.rarely(code.op('i32.eqz', isDone!), around.decline)
    return [low!, high!]
  }

  /** Leaves before the instruction where the condition holds. */
  declineIf(condition: Node): void {
    this.code.rarely(condition, this.around.decline)
  }

  op(name: string, ...args: Node[]): Node {
    return this.code.op(name as PlainOp, ...args)
  }
}

const byLookingCloser: FloatWay = (floats, call) => floats.closer(call)
