import type { PlainOp } from '@vmm/wasm-encoder'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

/** A format as WebAssembly computes with it. `precision` counts the leading one. */
export interface Format {
  readonly float: 'f32' | 'f64'
  readonly integer: 'i32' | 'i64'
  readonly width: 32 | 64
  readonly precision: number
  readonly smallestNormal: bigint
  readonly infinity: bigint
}

export const single: Format = {
  float: 'f32',
  integer: 'i32',
  width: 32,
  precision: 24,
  smallestNormal: 1n << 23n,
  infinity: 0xffn << 23n,
}
export const double: Format = {
  float: 'f64',
  integer: 'i64',
  width: 64,
  precision: 53,
  smallestNormal: 1n << 52n,
  infinity: 0x7ffn << 52n,
}

/** Nodes over numbers of one format, and over their bits. */
export class FormatNodes {
  readonly code: Code
  readonly format: Format

  constructor(code: Code, format: Format) {
    this.code = code
    this.format = format
  }

  float(name: string, ...args: Node[]): Node {
    return this.op(`${this.format.float}.${name}`, ...args)
  }

  integer(name: string, ...args: Node[]): Node {
    return this.op(`${this.format.integer}.${name}`, ...args)
  }

  op(name: string, ...args: Node[]): Node {
    return this.code.op(name as PlainOp, ...args)
  }

  /** Bits that are the same in all numbers. */
  constant(bits: bigint): Node {
    return constantOf(this.code, this.format, bits)
  }

  /** The lowest lane of a vector, given by its low half, as an integer. */
  laneOf(low: Node): Node {
    return this.format.width === 64 ? low : this.op('i32.wrap_i64', low)
  }

  bitsOfFloat(value: Node): Node {
    return this.integer(`reinterpret_${this.format.float}`, value)
  }

  floatOfBits(bits: Node): Node {
    return this.float(`reinterpret_${this.format.integer}`, bits)
  }

  /** The low half of a vector whose lowest lane has these bits, and zeros above. */
  lowHalf(bits: Node): Node {
    return this.format.width === 64 ? bits : this.op('i64.extend_i32_u', bits)
  }
}

/** Nodes over vectors of numbers of one format. */
export class VectorNodes {
  readonly code: Code
  readonly format: Format
  readonly shape: 'f64x2' | 'f32x4'

  constructor(code: Code, format: Format) {
    this.code = code
    this.format = format
    this.shape = format.width === 64 ? 'f64x2' : 'f32x4'
  }

  float(name: string, ...args: Node[]): Node {
    return this.code.op(`${this.shape}.${name}` as PlainOp, ...args)
  }

  integer(name: string, ...args: Node[]): Node {
    return this.code.op(`i${this.shape.slice(1)}.${name}` as PlainOp, ...args)
  }

  /** Bits that are the same in all lanes. */
  splat(bits: bigint): Node {
    return this.integer('splat', constantOf(this.code, this.format, bits))
  }

  joined([low, high]: readonly [Node, Node]): Node {
    return this.code.lane('i64x2.replace_lane', 1, this.code.op('i64x2.splat', low), high)
  }
}

/** Bits of a number as an integer of its width. */
const constantOf = (code: Code, { width }: Format, bits: bigint): Node =>
  width === 64 ? code.i64(bits) : code.i32(Number(BigInt.asIntN(32, bits)))

/** Predicates by bits 2:0 of the immediate, for operands that are ordered. SDM 2A, CMPPD, Table 3-1. */
export const predicates = ['eq', 'lt', 'le', undefined, 'ne', 'ge', 'gt', undefined] as const

/** Bits 1:0 of the immediate; bit 2 leaves it to MXCSR, which rounds to nearest here; bit 3 keeps PE quiet. */
export const roundings = ['nearest', 'floor', 'ceil', 'trunc'] as const

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div'

/** How each kind of scalar operation is done, for a format. */
export interface ScalarKinds<Way> {
  readonly arithmetic: (format: Format, operation: Arithmetic) => Way
  readonly squareRoot: (format: Format) => Way
  readonly extreme: (format: Format, isBetter: 'lt' | 'gt') => Way
  readonly compare: (format: Format) => Way
  readonly order: (format: Format) => Way
  readonly round: (format: Format) => Way
  readonly fromInteger: (format: Format, width: 32 | 64) => Way
  readonly toInteger: (format: Format, width: 32 | 64, rounding: 'nearest' | 'trunc') => Way
  readonly widen: Way
  readonly narrow: Way
}

/** The scalar operations by name. */
export const scalarOperations = <Way>(kinds: ScalarKinds<Way>): Readonly<Record<string, Way>> => ({
  ...ofFormat(kinds, 'SS', single),
  ...ofFormat(kinds, 'SD', double),
  CVTSS2SD: kinds.widen,
  CVTSD2SS: kinds.narrow,
})

const ofFormat = <Way>(kinds: ScalarKinds<Way>, suffix: 'SS' | 'SD', format: Format): Record<string, Way> => ({
  [`ADD${suffix}`]: kinds.arithmetic(format, 'add'),
  [`SUB${suffix}`]: kinds.arithmetic(format, 'sub'),
  [`MUL${suffix}`]: kinds.arithmetic(format, 'mul'),
  [`DIV${suffix}`]: kinds.arithmetic(format, 'div'),
  [`SQRT${suffix}`]: kinds.squareRoot(format),
  [`MIN${suffix}`]: kinds.extreme(format, 'lt'),
  [`MAX${suffix}`]: kinds.extreme(format, 'gt'),
  [`CMP${suffix}`]: kinds.compare(format),
  [`COMI${suffix}`]: kinds.order(format),
  [`UCOMI${suffix}`]: kinds.order(format),
  [`ROUND${suffix}`]: kinds.round(format),
  [`CVTSI2${suffix}32`]: kinds.fromInteger(format, 32),
  [`CVTSI2${suffix}64`]: kinds.fromInteger(format, 64),
  [`CVT${suffix}2SI32`]: kinds.toInteger(format, 32, 'nearest'),
  [`CVT${suffix}2SI64`]: kinds.toInteger(format, 64, 'nearest'),
  [`CVTT${suffix}2SI32`]: kinds.toInteger(format, 32, 'trunc'),
  [`CVTT${suffix}2SI64`]: kinds.toInteger(format, 64, 'trunc'),
})
