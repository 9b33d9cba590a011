import type { Arithmetic, Bits, Width } from '@vmm/x86-semantics'
import { bitsOf, numberOf, signedOf, truth, widthOf } from './bits.ts'
import { DescriptionMistake } from './mistake.ts'

type Binary = (a: bigint, b: bigint) => bigint
type Read = <W extends Width>(bits: Bits<W>) => bigint

/** The width that both values have. */
function common<W extends Width>(a: Bits<W>, b: Bits<W>): W {
  const [first, second] = [widthOf(a), widthOf(b)]
  if (first !== second) throw new DescriptionMistake(`values of ${first} and ${second} bits meet`)
  return first
}

const binary =
  (operation: Binary, read: Read = numberOf) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> =>
    bitsOf(operation(read(a), read(b)), common(a, b))

const compared =
  (relation: (a: bigint, b: bigint) => boolean, read: Read = numberOf) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<1> => {
    common(a, b)
    return truth(relation(read(a), read(b)))
  }

/** Quotient or remainder. What the manual answers with #DE has been caught before. */
const divided =
  (operation: Binary, read: Read = numberOf) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> => {
    if (numberOf(b) === 0n) throw new DescriptionMistake('a division by zero')
    return binary(operation, read)(a, b)
  }

/** A shift, whose count has been masked. */
const shifted =
  (operation: Binary, read: Read = numberOf) =>
  <W extends Width>(a: Bits<W>, count: Bits<W>): Bits<W> => {
    const [width, by] = [common(a, count), numberOf(count)]
    if (by >= (width === 64 ? 64n : 32n)) throw new DescriptionMistake(`${width} bits are shifted by ${by}`)
    return bitsOf(operation(read(a), by), width)
  }

/** To a width that is no smaller. */
function extended<W extends Width>(from: Width, value: bigint, w: W): Bits<W> {
  if (w < from) throw new DescriptionMistake(`${from} bits are extended to ${w}`)
  return bitsOf(value, w)
}

const highOf =
  (read: <W extends Width>(bits: Bits<W>) => bigint) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> =>
    bitsOf((read(a) * read(b)) >> BigInt(widthOf(a)), common(a, b))

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
  divUnsigned: divided((a, b) => a / b),
  remUnsigned: divided((a, b) => a % b),
  divSigned: divided((a, b) => a / b, signedOf),
  remSigned: divided((a, b) => a % b, signedOf),
  and: binary((a, b) => a & b),
  or: binary((a, b) => a | b),
  xor: binary((a, b) => a ^ b),
  not: (a) => bitsOf(~numberOf(a), widthOf(a)),
  negate: (a) => bitsOf(-numberOf(a), widthOf(a)),
  shiftLeft: shifted((a, count) => a << count),
  shiftRight: shifted((a, count) => a >> count),
  shiftRightSigned: shifted((a, count) => a >> count, signedOf),
  rotateLeft: rotate(1),
  rotateRight: rotate(-1),
  equal: compared((a, b) => a === b),
  below: compared((a, b) => a < b),
  less: compared((a, b) => a < b, signedOf),
  isZero: (a) => truth(numberOf(a) === 0n),
  bit: (a, n) => bitsOf(numberOf(a) >> BigInt(n < 0 ? widthOf(a) + n : n), 1),
  evenParity: (a) => truth(onesOf(BigInt.asUintN(8, numberOf(a))) % 2 === 0),
  countOnes: (a) => bitsOf(BigInt(onesOf(numberOf(a))), widthOf(a)),
  countLeadingZeros: (a) => {
    const length = numberOf(a) === 0n ? 0 : numberOf(a).toString(2).length
    return bitsOf(BigInt(widthOf(a) - length), widthOf(a))
  },
  countTrailingZeros: (a) => bitsOf(BigInt(trailingZeros(numberOf(a), widthOf(a))), widthOf(a)),
  zeroExtend: (a, w) => extended(widthOf(a), numberOf(a), w),
  signExtend: (a, w) => extended(widthOf(a), signedOf(a), w),
  truncate: (a, w) => bitsOf(numberOf(a), w),
  extract: (a, low, w) => bitsOf(numberOf(a) >> BigInt(low), w),
  select: (condition, yes, no) => {
    common(yes, no)
    return numberOf(condition) !== 0n ? yes : no
  },
}
