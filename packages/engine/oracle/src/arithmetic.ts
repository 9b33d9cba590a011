import type { Arithmetic, Bits, Width } from '@vmm/x86-semantics'
import { bitsOf, numberOf, signedOf, truth, widthOf } from './bits.ts'

type Binary = (a: bigint, b: bigint) => bigint

const binary =
  (operation: Binary) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> =>
    bitsOf(operation(numberOf(a), numberOf(b)), widthOf(a))

const signed =
  (operation: Binary) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> =>
    bitsOf(operation(signedOf(a), signedOf(b)), widthOf(a))

const highOf =
  (read: <W extends Width>(bits: Bits<W>) => bigint) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> =>
    bitsOf((read(a) * read(b)) >> BigInt(widthOf(a)), widthOf(a))

const rotate =
  (direction: 1 | -1) =>
  <W extends Width>(a: Bits<W>, count: Bits<W>): Bits<W> => {
    const width = BigInt(widthOf(a))
    const by = (((BigInt(direction) * numberOf(count)) % width) + width) % width
    return bitsOf((numberOf(a) << by) | (numberOf(a) >> (width - by)), widthOf(a))
  }

const onesOf = (value: bigint): number => value.toString(2).replaceAll('0', '').length

const trailingZeros = (value: bigint, width: number): number => {
  const at = value.toString(2).split('').reverse().indexOf('1')
  return at < 0 ? width : at
}

/** The pure part of the algebra on bigints. */
export const arithmetic: Arithmetic = {
  constant: (value, w) => bitsOf(BigInt(value), w),
  widthOf,
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  mulHighUnsigned: highOf(numberOf),
  mulHighSigned: highOf(signedOf),
  divUnsigned: binary((a, b) => a / b),
  remUnsigned: binary((a, b) => a % b),
  divSigned: signed((a, b) => a / b),
  remSigned: signed((a, b) => a % b),
  and: binary((a, b) => a & b),
  or: binary((a, b) => a | b),
  xor: binary((a, b) => a ^ b),
  not: (a) => bitsOf(~numberOf(a), widthOf(a)),
  negate: (a) => bitsOf(-numberOf(a), widthOf(a)),
  shiftLeft: binary((a, count) => a << count),
  shiftRight: binary((a, count) => a >> count),
  shiftRightSigned: (a, count) => bitsOf(signedOf(a) >> numberOf(count), widthOf(a)),
  rotateLeft: rotate(1),
  rotateRight: rotate(-1),
  equal: (a, b) => truth(numberOf(a) === numberOf(b)),
  below: (a, b) => truth(numberOf(a) < numberOf(b)),
  less: (a, b) => truth(signedOf(a) < signedOf(b)),
  isZero: (a) => truth(numberOf(a) === 0n),
  bit: (a, n) => bitsOf(numberOf(a) >> BigInt(n < 0 ? widthOf(a) + n : n), 1),
  evenParity: (a) => truth(onesOf(BigInt.asUintN(8, numberOf(a))) % 2 === 0),
  countOnes: (a) => bitsOf(BigInt(onesOf(numberOf(a))), widthOf(a)),
  countLeadingZeros: (a) => {
    const length = numberOf(a) === 0n ? 0 : numberOf(a).toString(2).length
    return bitsOf(BigInt(widthOf(a) - length), widthOf(a))
  },
  countTrailingZeros: (a) => bitsOf(BigInt(trailingZeros(numberOf(a), widthOf(a))), widthOf(a)),
  zeroExtend: (a, w) => bitsOf(numberOf(a), w),
  signExtend: (a, w) => bitsOf(signedOf(a), w),
  truncate: (a, w) => bitsOf(numberOf(a), w),
  extract: (a, low, w) => bitsOf(numberOf(a) >> BigInt(low), w),
  select: (condition, yes, no) => (numberOf(condition) !== 0n ? yes : no),
}
