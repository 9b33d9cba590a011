import type { Bits, Lane, LaneOperation, VectorArithmetic } from '@vmm/x86-semantics'
import { bitsOf, numberOf } from './bits.ts'

/** Lanes, lowest first. */
const split = (lane: number, vector: Bits<128>): bigint[] =>
  Array.from({ length: 128 / lane }, (_, index) => BigInt.asUintN(lane, numberOf(vector) >> BigInt(index * lane)))

const join = (lane: number, lanes: readonly bigint[]): Bits<128> =>
  bitsOf(
    lanes.reduce((all, value, index) => all | (BigInt.asUintN(lane, value) << BigInt(index * lane)), 0n),
    128,
  )

const clamp = (value: bigint, low: bigint, high: bigint): bigint => (value < low ? low : value > high ? high : value)
const saturate = (value: bigint, lane: number, isSigned: boolean): bigint => {
  const all = 1n << BigInt(lane)
  return isSigned ? clamp(value, -all / 2n, all / 2n - 1n) : clamp(value, 0n, all - 1n)
}

type OnLanes = (a: bigint, b: bigint, lane: number) => bigint
const ones = (holds: boolean): bigint => (holds ? -1n : 0n)
const s = (value: bigint, lane: number): bigint => BigInt.asIntN(lane, value)

// `Math.min` knows no bigints
const [smaller, larger] = [
  (a: bigint, b: bigint) => (a <= b ? a : b),
  (a: bigint, b: bigint) => (a >= b ? a : b),
] as const

const operations: Readonly<Record<LaneOperation, OnLanes>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  addSaturateS: (a, b, lane) => saturate(s(a, lane) + s(b, lane), lane, true),
  addSaturateU: (a, b, lane) => saturate(a + b, lane, false),
  subSaturateS: (a, b, lane) => saturate(s(a, lane) - s(b, lane), lane, true),
  subSaturateU: (a, b, lane) => saturate(a - b, lane, false),
  minS: (a, b, lane) => smaller(s(a, lane), s(b, lane)),
  minU: (a, b) => smaller(a, b),
  maxS: (a, b, lane) => larger(s(a, lane), s(b, lane)),
  maxU: (a, b) => larger(a, b),
  averageU: (a, b) => (a + b + 1n) >> 1n,
  equal: (a, b) => ones(a === b),
  greaterS: (a, b, lane) => ones(s(a, lane) > s(b, lane)),
  mulHighS: (a, b, lane) => (s(a, lane) * s(b, lane)) >> BigInt(lane),
  mulHighU: (a, b, lane) => (a * b) >> BigInt(lane),
}

const bytesOf = (vector: Bits<128>): bigint[] => split(8, vector)
const isSigned = (sign: 'signed' | 'unsigned'): boolean => sign === 'signed'

/** The vector part of the algebra on bigints. */
export const vector: VectorArithmetic = {
  half: (a, index) => bitsOf(numberOf(a) >> BigInt(index * 128), 128),
  pair: (low, high) => bitsOf(numberOf(low) | (numberOf(high) << 128n), 256),
  zip: (lane, operation, a, b) => {
    const [left, right] = [split(lane, a), split(lane, b)]
    return join(
      lane,
      left.map((value, index) => operations[operation](value, right[index]!, lane)),
    )
  },
  absolute: (lane, a) =>
    join(
      lane,
      split(lane, a).map((value) => (s(value, lane) < 0n ? -value : value)),
    ),
  shift: (lane, direction, a, count) => {
    const by = numberOf(count)
    const shifted = (value: bigint) =>
      direction === 'left' ? value << by : (direction === 'right' ? value : s(value, lane)) >> by
    return join(lane, split(lane, a).map(shifted))
  },
  splat: (lane, value) =>
    join(
      lane,
      Array.from({ length: 128 / lane }, () => numberOf(value)),
    ),
  lane: (lane, a, index) => bitsOf(split(lane, a)[index]!, 64),
  withLane: (lane: Lane, a, index, value) => join(lane, split(lane, a).with(index, numberOf(value))),
  shuffle: (a, b, pattern) => {
    const all = [...bytesOf(a), ...bytesOf(b)]
    return join(
      8,
      pattern.map((index) => all[index]!),
    )
  },
  swizzle: (a, indices) => {
    const all = bytesOf(a)
    return join(
      8,
      bytesOf(indices).map((index) => all[Number(index)] ?? 0n),
    )
  },
  signs: (lane, a) =>
    bitsOf(
      split(lane, a).reduce((mask, value, index) => mask | ((value >> BigInt(lane - 1)) << BigInt(index)), 0n),
      32,
    ),
  narrow: (lane, range, a, b) =>
    join(
      lane / 2,
      [...split(lane, a), ...split(lane, b)].map((value) => saturate(s(value, lane), lane / 2, isSigned(range))),
    ),
  widenLow: (lane, sign, a) =>
    join(
      lane * 2,
      split(lane, a)
        .slice(0, 64 / lane)
        .map((value) => (isSigned(sign) ? s(value, lane) : value)),
    ),
  multiplyEven: (sign, a, b) => {
    const read = (value: bigint) => (isSigned(sign) ? s(value, 32) : value)
    const [left, right] = [split(32, a), split(32, b)]
    return join(
      64,
      [0, 2].map((index) => read(left[index]!) * read(right[index]!)),
    )
  },
  multiplyAdd: (a, b) => {
    const [left, right] = [split(16, a), split(16, b)]
    const product = (index: number) => s(left[index]!, 16) * s(right[index]!, 16)
    return join(
      32,
      [0, 2, 4, 6].map((index) => product(index) + product(index + 1)),
    )
  },
}
