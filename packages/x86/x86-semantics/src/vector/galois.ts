import type { Bits, Machine } from '../algebra.ts'

/*
 * Bytes as elements of the field of 256 elements, modulo x^8 + x^4 + x^3 + x + 1. To invert one, it is written as i + kω, where i and k are
 * of the field of 16 elements, and ω² + ω + c = 0. With j = i + k the inverse is u (c + ω) + v (1 + c + ω), where 1/u = 1 / (1/i + 1/ck) + j
 * and 1/v = 1 / (1/j + 1/ck) + i: lookups in tables of 16 bytes, and sums. A zero's inverse is out of all tables, which give zero there.
 * Source: M. Hamburg, Accelerating AES with Vector Permute Instructions, CHES 2009.
 */

/** A map of bytes that keeps sums. */
export type Linear = (byte: number) => number

const byteCount = 256
const nibbleCount = 16
const polynomial = 0x11b
/** In place of an index: no table has it, whatever is added. */
const outside = 0x80

/** The product of two bytes. */
export function product(a: number, b: number): number {
  let result = 0
  for (let bit = 7; bit >= 0; bit -= 1) {
    result = (result << 1) ^ (result & 0x80 ? polynomial : 0)
    if ((b >> bit) & 1) result ^= a
  }
  return result
}

function power(a: number, exponent: number): number {
  let result = 1
  for (let left = exponent; left > 0; left -= 1) result = product(result, a)
  return result
}

const inverse = (a: number): number => power(a, 254)
const bytes = Array.from({ length: byteCount }, (_, byte) => byte)
const nibbles = bytes.slice(0, nibbleCount)

/** The first element that generates the field of 16, and the first ω. */
const generator = bytes.find((a) => a > 1 && power(a, 16) === a && power(a, 5) !== 1 && power(a, 3) !== 1)!
const omega = bytes.find((a) => (power(a, 16) ^ a) === 1)!
const norm = power(omega, 17)

/** The element of the field of 16 that a nibble stands for, and the other way. */
const element = nibbles.map((nibble) =>
  [0, 1, 2, 3].reduce((sum, bit) => sum ^ ((nibble >> bit) & 1 ? power(generator, bit) : 0), 0),
)
const nibbleOf = (a: number): number => element.indexOf(a)

/** A byte as i, in bits 3:0, and k. */
function split(byte: number): number {
  const k = power(byte, 16) ^ byte
  return nibbleOf(byte ^ product(k, omega)) | (nibbleOf(k) << 4)
}

const inverses = nibbles.map((nibble) => (nibble === 0 ? outside : nibbleOf(inverse(element[nibble]!))))
const scaledInverses = nibbles.map((nibble) =>
  nibble === 0 ? outside : nibbleOf(inverse(product(norm, element[nibble]!))),
)

/** Sixteen bytes, the first lowest. */
const table = (m: Machine, values: readonly number[]): Bits<128> =>
  m.constant(
    values.reduceRight((all, value) => (all << 8n) | BigInt(value), 0n),
    128,
  )

const lookUp = (m: Machine, values: readonly number[], indices: Bits<128>): Bits<128> =>
  m.vector.swizzle(table(m, values), indices)

/** All bytes alike. */
export const splatByte = (m: Machine, value: number): Bits<128> =>
  table(
    m,
    nibbles.map(() => value),
  )

/** Low and high nibbles. */
interface Halves {
  readonly low: Bits<128>
  readonly high: Bits<128>
}

function halves(m: Machine, value: Bits<128>): Halves {
  const mask = splatByte(m, 0x0f)
  const shifted = m.vector.shift(16, 'right', value, m.constant(4, 32))
  return { low: m.and(value, mask), high: m.and(shifted, mask) }
}

function ofHalves(m: Machine, { low, high }: Halves, map: Linear): Bits<128> {
  const fromLow = lookUp(m, nibbles.map(map), low)
  const fromHigh = lookUp(
    m,
    nibbles.map((nibble) => map(nibble << 4)),
    high,
  )
  return m.xor(fromLow, fromHigh)
}

/** Maps of every byte, as many as are wanted. */
export function mapped(m: Machine, value: Bits<128>, maps: readonly Linear[]): readonly Bits<128>[] {
  const both = halves(m, value)
  return maps.map((map) => ofHalves(m, both, map))
}

/** Maps of the inverse of every byte's image under another one; zero has zero for an inverse. */
export function mappedInverses(
  m: Machine,
  value: Bits<128>,
  before: Linear,
  maps: readonly Linear[],
): readonly Bits<128>[] {
  const parts = ofHalves(m, halves(m, value), (byte) => split(before(byte)))
  const { low: i, high: k } = halves(m, parts)
  const j = m.xor(i, k)
  const scaled = lookUp(m, scaledInverses, k)
  const nested = (a: Bits<128>, b: Bits<128>) => m.xor(lookUp(m, inverses, m.xor(lookUp(m, inverses, a), scaled)), b)
  const [u, v] = [nested(i, j), nested(j, i)]
  const weighed = (weight: number, map: Linear) =>
    nibbles.map((nibble) => map(product(inverse(element[nibble]!), weight)))
  return maps.map((map) =>
    m.xor(lookUp(m, weighed(norm ^ omega, map), u), lookUp(m, weighed(norm ^ omega ^ 1, map), v)),
  )
}

/** The products of every pair of bytes. */
export function products(m: Machine, a: Bits<128>, b: Bits<128>): Bits<128> {
  const zero = m.constant(0, 128)
  const topBit = (value: Bits<128>) => m.vector.zip(8, 'greaterS', zero, value)
  const doubled = (value: Bits<128>) => m.vector.zip(8, 'add', value, value)
  let [result, left] = [m.and(a, topBit(b)), b]
  for (let bit = 1; bit < 8; bit += 1) {
    const carried = m.and(topBit(result), splatByte(m, polynomial & 0xff))
    left = doubled(left)
    result = m.xor(m.xor(doubled(result), carried), m.and(a, topBit(left)))
  }
  return result
}

const parities = nibbles.map((nibble) => (0x6996 >> nibble) & 1)

/** Every byte times the matrix of eight rows in its half of `matrices`: bit i of a result is of row 7 - i. */
export function matrixProducts(m: Machine, value: Bits<128>, matrices: Bits<128>): Bits<128> {
  let result = m.constant(0, 128)
  for (let bit = 0; bit < 8; bit += 1) {
    const row = m.vector.shuffle(
      matrices,
      matrices,
      nibbles.map((index) => (index & 8) + 7 - bit),
    )
    const { low, high } = halves(m, m.and(value, row))
    const bits = lookUp(
      m,
      parities.map((parity) => parity << bit),
      m.xor(low, high),
    )
    result = m.or(result, bits)
  }
  return result
}
