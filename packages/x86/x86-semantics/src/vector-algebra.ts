import type { Bits } from './algebra.ts'

/** Bits of a lane. */
export type Lane = 8 | 16 | 32 | 64

/** Element by element of two vectors; S and U are signed and unsigned. Compares give all ones or zero. */
export type LaneOperation =
  | 'add'
  | 'sub'
  | 'mul'
  | 'addSaturateS'
  | 'addSaturateU'
  | 'subSaturateS'
  | 'subSaturateU'
  | 'minS'
  | 'minU'
  | 'maxS'
  | 'maxU'
  | 'averageU'
  | 'equal'
  | 'greaterS'
  | 'mulHighS'
  | 'mulHighU'

/** Operations on 128-bit values seen as lanes, lane 0 lowest; wider vectors are halves of as many bits. Bitwise operations are the plain ones on `Bits<128>`. */
export interface VectorArithmetic {
  /** 128 of 256 bits: half 0 is the low one. */
  half(a: Bits<256>, index: 0 | 1): Bits<128>
  pair(low: Bits<128>, high: Bits<128>): Bits<256>
  zip(lane: Lane, operation: LaneOperation, a: Bits<128>, b: Bits<128>): Bits<128>
  /** Absolute value of signed lanes. */
  absolute(lane: 8 | 16 | 32, a: Bits<128>): Bits<128>
  /** All lanes by one count, which must be below the lane's width. */
  shift(lane: 16 | 32 | 64, direction: 'left' | 'right' | 'rightSigned', a: Bits<128>, count: Bits<32>): Bits<128>
  splat(lane: Lane, value: Bits<64>): Bits<128>
  /** Zero-extended to 64 bits. */
  lane(lane: Lane, a: Bits<128>, index: number): Bits<64>
  withLane(lane: Lane, a: Bits<128>, index: number, value: Bits<64>): Bits<128>
  /** Byte i of the answer is byte pattern[i] of the 32 bytes a then b; all indices are known. */
  shuffle(a: Bits<128>, b: Bits<128>, pattern: readonly number[]): Bits<128>
  /** Byte i of the answer is byte indices[i] of a, or zero where the index is above 15. */
  swizzle(a: Bits<128>, indices: Bits<128>): Bits<128>
  /** The top bit of every lane, lane 0 in bit 0. */
  signs(lane: Lane, a: Bits<128>): Bits<32>
  /** Lanes of half the width, saturated: a's lanes low, b's high. `signed` names the result's range; sources are signed. */
  narrow(lane: 16 | 32, range: 'signed' | 'unsigned', a: Bits<128>, b: Bits<128>): Bits<128>
  /** The low half's lanes at twice the width. */
  widenLow(lane: 8 | 16 | 32, sign: 'signed' | 'unsigned', a: Bits<128>): Bits<128>
  /** Even 32-bit lanes multiplied to 64 bits. */
  multiplyEven(sign: 'signed' | 'unsigned', a: Bits<128>, b: Bits<128>): Bits<128>
  /** Signed 16-bit lanes multiplied to 32 bits, neighbours added. */
  multiplyAdd(a: Bits<128>, b: Bits<128>): Bits<128>
}
