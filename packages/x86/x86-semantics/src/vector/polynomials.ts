import type { Bits, Machine } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import { binary, withImmediate } from './binary.ts'
import { mappedInverses, matrixProducts, products, splatByte } from './galois.ts'

const [every, spacing] = [0x1111_1111_1111_1111n, 4] as const
const spaces = Array.from({ length: spacing }, (_, index) => index)

/**
 * The low half of a product without carries. Of each factor every fourth bit is taken at a time: at most fifteen ones meet below the
 * highest place, and their sum stays between the bits that count. Source: T. Pornin, BearSSL, ghash_ctmul64.
 */
function lowProduct(m: Machine, a: Bits<64>, b: Bits<64>): Bits<64> {
  const mask = (index: number) => m.constant(BigInt.asUintN(64, every << BigInt(index)), 64)
  const parts = (value: Bits<64>) => spaces.map((index) => m.and(value, mask(index)))
  const [left, right] = [parts(a), parts(b)]
  const sums = spaces.map((sum) =>
    m.and(
      spaces
        .map((index) => m.mul(left[index]!, right[(sum - index) & (spacing - 1)]!))
        .reduce((all, each) => m.xor(all, each)),
      mask(sum),
    ),
  )
  return sums.reduce((all, each) => m.or(all, each))
}

const reversedNibbles = 0x0f07_0b03_0d05_0901_0e06_0a02_0c04_0800n

/** Each half from its last bit to its first. */
function reversed(m: Machine, value: Bits<128>): Bits<128> {
  const bytes = m.vector.shuffle(value, value, [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8])
  const mask = splatByte(m, 0x0f)
  const four = m.constant(4, 32)
  const turned = (nibbles: Bits<128>) => m.vector.swizzle(m.constant(reversedNibbles, 128), m.and(nibbles, mask))
  const low = m.vector.shift(16, 'left', turned(bytes), four)
  return m.or(low, turned(m.vector.shift(16, 'right', bytes, four)))
}

const pair = (m: Machine, low: Bits<64>, high: Bits<64>): Bits<128> =>
  m.vector.withLane(64, m.vector.splat(64, low), 1, high)

/** The product without carries of two halves. What is reversed has its high half low. */
function carryless(m: Machine, a: Bits<64>, b: Bits<64>): Bits<128> {
  const factors = reversed(m, pair(m, a, b))
  const high = lowProduct(m, m.vector.lane(64, factors, 0), m.vector.lane(64, factors, 1))
  const turned = m.vector.lane(64, reversed(m, m.vector.splat(64, high)), 0)
  return pair(m, lowProduct(m, a, b), m.shiftRight(turned, m.constant(1, 64)))
}

/** Products of polynomials over two elements: of 64 bits, and of bytes modulo that of AES. */
export const polynomials: readonly Instruction[] = [
  ...withImmediate('PCLMULQDQ', 'PCLMULQDQ—Carry-Less Multiplication Quadword', (m, a, b, which) =>
    carryless(m, m.vector.lane(64, a, which & 1), m.vector.lane(64, b, (which >> 4) & 1)),
  ),
  ...binary('GF2P8MULB', (m, a, b) => products(m, a, b)),
  ...withImmediate('GF2P8AFFINEQB', 'GF2P8AFFINEQB—Galois Field Affine Transformation', (m, a, b, constant) =>
    m.xor(matrixProducts(m, a, b), splatByte(m, constant)),
  ),
  ...withImmediate(
    'GF2P8AFFINEINVQB',
    'GF2P8AFFINEINVQB—Galois Field Affine Transformation Inverse',
    (m, a, b, constant) => {
      const inverses = mappedInverses(m, a, (byte) => byte, [(byte) => byte])[0]!
      return m.xor(matrixProducts(m, inverses, b), splatByte(m, constant))
    },
  ),
]
