import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import { type AnyVector, type AnyVectorPlace, avx, readParts, writeParts } from './avx.ts'

type Sign = 'signed' | 'unsigned'
type Pair = readonly [low: Bits<128>, high: Bits<128>]
type Three = (m: Machine, sum: Bits<128>, a: Bits<128>, b: Bits<128>) => Bits<128>

/** An instruction of AVX that adds to its destination, part by part. */
const accumulating = (mnemonic: string, title: string, of: Three): Instruction =>
  avx(mnemonic, sdm('2C', '5.1', title), (m: Machine, to: AnyVectorPlace, first: AnyVector, second: AnyVector) => {
    const [sums, a, b] = [to, first, second].map((operand) => readParts(m, operand))
    writeParts(
      m,
      to,
      sums!.map((sum, part) => of(m, sum, a![part]!, b![part]!)),
    )
  })

const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]
const evenWords = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]
const oddWords = evenWords.map((byte) => byte + 4)

/** Lanes at twice the width, in two vectors. */
const widened = (m: Machine, lane: 8 | 16 | 32, sign: Sign, a: Bits<128>): Pair => [
  m.vector.widenLow(lane, sign, a),
  m.vector.widenLow(lane, sign, m.vector.shuffle(a, a, upperHalf)),
]

/** Four products of bytes each, added: 32 bits hold them. */
function byteSums(m: Machine, signs: readonly [Sign, Sign], a: Bits<128>, b: Bits<128>): Bits<128> {
  const [x, y] = [widened(m, 8, signs[0], a), widened(m, 8, signs[1], b)]
  const [low, high] = [m.vector.multiplyAdd(x[0], y[0]), m.vector.multiplyAdd(x[1], y[1])]
  return m.vector.zip(32, 'add', m.vector.shuffle(low, high, evenWords), m.vector.shuffle(low, high, oddWords))
}

/** Two products of words each, added: it takes 64 bits to hold them. */
function wordSums(m: Machine, signs: readonly [Sign, Sign], a: Bits<128>, b: Bits<128>): Pair {
  const [x, y] = [widened(m, 16, signs[0], a), widened(m, 16, signs[1], b)]
  const half = (index: 0 | 1): Bits<128> => {
    const [p, q] = [x[index], y[index]]
    const odd = (of: Bits<128>) => m.vector.shift(64, 'right', of, m.constant(32, 32))
    const even = m.vector.multiplyEven('signed', p, q)
    return m.vector.zip(64, 'add', even, m.vector.multiplyEven('signed', odd(p), odd(q)))
  }
  return [half(0), half(1)]
}

const [mostSigned, leastSigned, mostUnsigned] = [0x7fff_ffffn, -0x8000_0000n, 0xffff_ffffn] as const

/** 64 bits as the nearest that 32 bits hold. */
function saturated(m: Machine, sign: Sign, value: Bits<64>): Bits<64> {
  const constant = (bound: bigint) => m.constant(BigInt.asUintN(64, bound), 64)
  if (sign === 'unsigned') return m.select(m.below(constant(mostUnsigned), value), constant(mostUnsigned), value)
  const most = m.select(m.less(constant(mostSigned), value), constant(mostSigned), value)
  return m.select(m.less(most, constant(leastSigned)), constant(leastSigned), most)
}

/** Four sums of 64 bits, as so many of 32. */
function narrowed(m: Machine, sign: Sign, sums: Pair): Bits<128> {
  const lanes = [0, 1, 2, 3].map((lane) => saturated(m, sign, m.vector.lane(64, sums[lane >> 1]!, lane & 1)))
  const words = lanes.map((lane) => m.zeroExtend(m.truncate(lane, 32), 64))
  return words.reduce((all, word, index) => m.vector.withLane(32, all, index, word), sums[0])
}

/** Of four sums of 64 bits the lower halves. */
const truncated = (m: Machine, [low, high]: Pair): Bits<128> => m.vector.shuffle(low, high, evenWords)

/** The accumulator and what is added to it, both of 64 bits, so that nothing is lost in between. */
function addedWide(m: Machine, sign: Sign, sum: Bits<128>, products: Pair): Pair {
  const [low, high] = widened(m, 32, sign, sum)
  return [m.vector.zip(64, 'add', low, products[0]), m.vector.zip(64, 'add', high, products[1])]
}

const letters = { S: 'signed', U: 'unsigned' } as const
type Letters = 'SS' | 'SU' | 'US' | 'UU'

const signsOf = (which: Letters): readonly [Sign, Sign] => [
  letters[which[0] as 'S' | 'U'],
  letters[which[1] as 'S' | 'U'],
]

/** What is unsigned in both factors saturates as unsigned. */
const rangeOf = (which: Letters): Sign => (which === 'UU' ? 'unsigned' : 'signed')

/** Titles of the manual: what AVX-VNNI has was described first, and alone. */
const title = {
  bytes: 'VPDPB[SU,UU,SS]D[,S]—Multiply and Add Unsigned and Signed Bytes With and Without Saturation',
  words: 'VPDPW[SU,US,UU]D[,S]—Multiply and Add Unsigned and Signed Words With and Without Saturation',
  VPDPBUSD: 'VPDPBUSD—Multiply and Add Unsigned and Signed Bytes',
  VPDPBUSDS: 'VPDPBUSDS—Multiply and Add Unsigned and Signed Bytes With Saturation',
  VPDPWSSD: 'VPDPWSSD—Multiply and Add Signed Word Integers',
  VPDPWSSDS: 'VPDPWSSDS—Multiply and Add Signed Word Integers With Saturation',
} as const

const titleOf = (mnemonic: string, of: 'bytes' | 'words'): string =>
  title[mnemonic in title ? (mnemonic as keyof typeof title) : of]

/** Bytes: the name says of which sign each source’s are, and whether the sum saturates. */
const ofBytes = (which: Letters): readonly Instruction[] => {
  const [wraps, saturates] = [`VPDPB${which}D`, `VPDPB${which}DS`]
  const range = rangeOf(which)
  const sums = (m: Machine, a: Bits<128>, b: Bits<128>) => byteSums(m, signsOf(which), a, b)
  return [
    accumulating(wraps, titleOf(wraps, 'bytes'), (m, sum, a, b) => m.vector.zip(32, 'add', sum, sums(m, a, b))),
    accumulating(saturates, titleOf(saturates, 'bytes'), (m, sum, a, b) =>
      narrowed(m, range, addedWide(m, range, sum, widened(m, 32, range, sums(m, a, b)))),
    ),
  ]
}

/** The same of words. */
const ofWords = (which: Letters): readonly Instruction[] => {
  const [wraps, saturates] = [`VPDPW${which}D`, `VPDPW${which}DS`]
  const range = rangeOf(which)
  const sums = (m: Machine, a: Bits<128>, b: Bits<128>) => wordSums(m, signsOf(which), a, b)
  return [
    accumulating(wraps, titleOf(wraps, 'words'), (m, sum, a, b) =>
      m.vector.zip(32, 'add', sum, truncated(m, sums(m, a, b))),
    ),
    accumulating(saturates, titleOf(saturates, 'words'), (m, sum, a, b) =>
      narrowed(m, range, addedWide(m, range, sum, sums(m, a, b))),
    ),
  ]
}

/** 52 bits of each 64 are multiplied, and the lower or upper 52 of the product added. */
const ofLong = (mnemonic: string, half: 'low' | 'high'): Instruction =>
  accumulating(mnemonic, `${mnemonic}—Packed Multiply of Unsigned 52-Bit Integers`, (m, sum, a, b) =>
    [0, 1].reduce((all, lane) => {
      const [x, y] = [a, b].map((of) => m.and(m.vector.lane(64, of, lane), m.constant((1n << 52n) - 1n, 64)))
      const low = m.mul(x!, y!)
      const added =
        half === 'low'
          ? m.and(low, m.constant((1n << 52n) - 1n, 64))
          : m.or(m.shiftLeft(m.mulHighUnsigned(x!, y!), m.constant(12, 64)), m.shiftRight(low, m.constant(52, 64)))
      return m.vector.withLane(64, all, lane, m.add(m.vector.lane(64, sum, lane), added))
    }, sum),
  )

/** AVX-VNNI, AVX-VNNI-INT8, AVX-VNNI-INT16 and AVX-IFMA. */
export const dotProducts: readonly Instruction[] = [
  ...(['US', 'SS', 'SU', 'UU'] as const).flatMap(ofBytes),
  ...(['SS', 'SU', 'US', 'UU'] as const).flatMap(ofWords),
  ofLong('VPMADD52LUQ', 'low'),
  ofLong('VPMADD52HUQ', 'high'),
]
