import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import type { Immediate } from '../operand.ts'
import { type AnyVector, type AnyVectorPlace, avx, readParts, writeParts } from './avx.ts'
import { known, zero128 } from './operand.ts'

type Word = Bits<32>
type Long = Bits<64>

/** The 64-bit words of a vector, the lowest first. */
const longsOf = (m: Machine, operand: AnyVector): readonly Long[] =>
  readParts(m, operand).flatMap((part) => [m.vector.lane(64, part, 0), m.vector.lane(64, part, 1)])

const writeLongs = (m: Machine, to: AnyVectorPlace, longs: readonly Long[]): void => {
  const part = (first: number) =>
    [0, 1].reduce((all, lane) => m.vector.withLane(64, all, lane, longs[first + lane]!), zero128(m))
  writeParts(m, to, [part(0), part(2)])
}

const sum = <W extends 32 | 64>(m: Machine, ...words: readonly Bits<W>[]): Bits<W> =>
  words.reduce((all, word) => m.add(all, word))
const xor = <W extends 32 | 64>(m: Machine, ...words: readonly Bits<W>[]): Bits<W> =>
  words.reduce((all, word) => m.xor(all, word))

/** Functions of FIPS 180-4, 4.1.3. */
const rotations =
  (...by: readonly [number, number, number]) =>
  (m: Machine, word: Long): Long =>
    xor(m, ...by.map((count) => m.rotateRight(word, m.constant(count, 64))))
const rotationsAndShift =
  (first: number, second: number, shift: number) =>
  (m: Machine, word: Long): Long => {
    const [one, other] = [first, second].map((count) => m.rotateRight(word, m.constant(count, 64)))
    return xor(m, one!, other!, m.shiftRight(word, m.constant(shift, 64)))
  }
const bigSigma0 = rotations(28, 34, 39)
const bigSigma1 = rotations(14, 18, 41)
const smallSigma0 = rotationsAndShift(1, 8, 7)
const smallSigma1 = rotationsAndShift(19, 61, 6)

const choice = <W extends 32 | 64>(m: Machine, x: Bits<W>, y: Bits<W>, z: Bits<W>): Bits<W> =>
  m.xor(m.and(x, m.xor(y, z)), z)
const majority = <W extends 32 | 64>(m: Machine, x: Bits<W>, y: Bits<W>, z: Bits<W>): Bits<W> =>
  m.or(m.and(x, y), m.and(z, m.or(x, y)))

/** Two rounds: the destination has C D G H, the first source A B E F, and the second the message with its constants. */
const sha512Rounds = avx(
  'VSHA512RNDS2',
  sdm('2C', '5.1', 'VSHA512RNDS2—Perform Two Rounds of SHA512 Operation'),
  (m: Machine, to: AnyVectorPlace, first: AnyVector, second: AnyVector) => {
    let [h, g, d, c] = longsOf(m, to) as [Long, Long, Long, Long]
    let [f, e, b, a] = longsOf(m, first) as [Long, Long, Long, Long]
    for (const word of longsOf(m, second)) {
      const one = sum(m, h, bigSigma1(m, e), choice(m, e, f, g), word)
      const two = m.add(bigSigma0(m, a), majority(m, a, b, c))
      ;[h, g, f, e, d, c, b, a] = [g, f, e, m.add(d, one), c, b, a, m.add(one, two)]
    }
    writeLongs(m, to, [f, e, b, a])
  },
)

const sha512Message1 = avx(
  'VSHA512MSG1',
  sdm('2C', '5.1', 'VSHA512MSG1—Perform an Intermediate Calculation for the Next Four SHA512 Message Qwords'),
  (m: Machine, to: AnyVectorPlace, from: AnyVector) => {
    const words = longsOf(m, to)
    const after = [...words.slice(1), longsOf(m, from)[0]!]
    writeLongs(
      m,
      to,
      words.map((word, index) => m.add(word, smallSigma0(m, after[index]!))),
    )
  },
)

const sha512Message2 = avx(
  'VSHA512MSG2',
  sdm('2C', '5.1', 'VSHA512MSG2—Perform a Final Calculation for the Next Four SHA512 Message Qwords'),
  (m: Machine, to: AnyVectorPlace, from: AnyVector) => {
    const [a0, a1, a2, a3] = longsOf(m, to) as [Long, Long, Long, Long]
    const [, , w14, w15] = longsOf(m, from) as [Long, Long, Long, Long]
    const [w16, w17] = [m.add(a0, smallSigma1(m, w14)), m.add(a1, smallSigma1(m, w15))]
    writeLongs(m, to, [w16, w17, m.add(a2, smallSigma1(m, w16)), m.add(a3, smallSigma1(m, w17))])
  },
)

const wordsOf = (m: Machine, operand: AnyVector): readonly [Word, Word, Word, Word] => {
  const [part] = readParts(m, operand)
  return [0, 1, 2, 3].map((lane) => m.truncate(m.vector.lane(32, part!, lane), 32)) as unknown as [
    Word,
    Word,
    Word,
    Word,
  ]
}

const writeWords = (m: Machine, to: AnyVectorPlace, words: readonly Word[]): void =>
  writeParts(m, to, [
    words.reduce((all, word, lane) => m.vector.withLane(32, all, lane, m.zeroExtend(word, 64)), zero128(m)),
  ])

const left = (m: Machine, word: Word, by: number): Word => m.rotateLeft(word, m.constant(by, 32))
/** GB/T 32905-2016, 4.5. */
const permuted0 = (m: Machine, x: Word): Word => xor(m, x, left(m, x, 9), left(m, x, 17))
const permuted1 = (m: Machine, x: Word): Word => xor(m, x, left(m, x, 15), left(m, x, 23))

const sm3Message1 = avx(
  'VSM3MSG1',
  sdm('2C', '5.1', 'VSM3MSG1—Perform Initial Calculation for the Next Four SM3 Message Words'),
  (m: Machine, to: AnyVectorPlace, first: AnyVector, second: AnyVector) => {
    const [w7, w13, w0] = [wordsOf(m, to), wordsOf(m, first), wordsOf(m, second)]
    const mixed = w7.map((word, index) => {
      const both = m.xor(word, w0[index]!)
      return index === 3 ? both : m.xor(both, left(m, w13[index]!, 15))
    })
    writeWords(
      m,
      to,
      mixed.map((word) => permuted1(m, word)),
    )
  },
)

const sm3Message2 = avx(
  'VSM3MSG2',
  sdm('2C', '5.1', 'VSM3MSG2—Perform Final Calculation for the Next Four SM3 Message Words'),
  (m: Machine, to: AnyVectorPlace, first: AnyVector, second: AnyVector) => {
    const [mixed, w3, w10] = [wordsOf(m, to), wordsOf(m, first), wordsOf(m, second)]
    const words = mixed.map((word, index) => xor(m, left(m, w3[index]!, 7), w10[index]!, word))
    const w16 = words[0]!
    const w19 = xor(m, words[3]!, left(m, w16, 6), left(m, w16, 15), left(m, w16, 30))
    writeWords(m, to, words.with(3, w19))
  },
)

/** Of the first sixteen rounds, and of those behind them. */
const [early, late] = [0x79cc_4519, 0x7a87_9d8a] as const
const rotated = (word: number, by: number): number => ((word << (by & 31)) | (word >>> ((32 - (by & 31)) % 32))) >>> 0

/** Two rounds, whose number is the immediate: the destination has C D G H, the first source A B E F, and the second the message. */
const sm3Rounds = avx(
  'VSM3RNDS2',
  sdm('2C', '5.1', 'VSM3RNDS2—Perform Two Rounds of SM3 Operation'),
  (m: Machine, to: AnyVectorPlace, first: AnyVector, second: AnyVector, immediate: Immediate<8>) => {
    const round = known(immediate) & 0x3e
    const isEarly = round < 16
    let [h, g, d, c] = wordsOf(m, to) as [Word, Word, Word, Word]
    let [f, e, b, a] = wordsOf(m, first) as [Word, Word, Word, Word]
    ;[c, d, g, h] = [left(m, c, 9), left(m, d, 9), left(m, g, 19), left(m, h, 19)]
    const words = wordsOf(m, second)
    for (const nth of [0, 1] as const) {
      const constant = m.constant(rotated(isEarly ? early : late, round + nth), 32)
      const turned = left(m, a, 12)
      const s1 = left(m, sum(m, turned, e, constant), 7)
      const ff = isEarly ? xor(m, a, b, c) : majority(m, a, b, c)
      const gg = isEarly ? xor(m, e, f, g) : choice(m, e, f, g)
      const t1 = sum(m, ff, d, m.xor(s1, turned), m.xor(words[nth], words[nth + 2]!))
      const t2 = sum(m, gg, h, s1, words[nth])
      ;[d, c, b, a, h, g, f, e] = [c, left(m, b, 9), a, t1, g, left(m, f, 19), e, permuted0(m, t2)]
    }
    writeWords(m, to, [f, e, b, a])
  },
  { knows: 'immediate' },
)

/** Rounds and message schedules of SHA-512 and SM3. */
export const longHashes: readonly Instruction[] = [
  sha512Rounds,
  sha512Message1,
  sha512Message2,
  sm3Message1,
  sm3Message2,
  sm3Rounds,
]
