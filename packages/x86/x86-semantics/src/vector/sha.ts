import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { xmm } from '../operand.ts'
import { legacyBinary, legacyWithImmediate } from './binary.ts'
import { aligned, begin, read128, type Vector, type VectorPlace, write128, zero128 } from './operand.ts'

type Word = Bits<32>
type Words = readonly [Word, Word, Word, Word]

/** The four words of a vector, the lowest first. */
const wordsOf = (m: Machine, value: Bits<128>): Words =>
  [0, 1, 2, 3].map((index) => m.truncate(m.vector.lane(32, value, index), 32)) as unknown as Words

const vectorOf = (m: Machine, words: readonly Word[]): Bits<128> =>
  words.reduce((all, word, index) => m.vector.withLane(32, all, index, m.zeroExtend(word, 64)), zero128(m))

const sum = (m: Machine, ...words: readonly Word[]): Word => words.reduce((all, word) => m.add(all, word))
const xor = (m: Machine, ...words: readonly Word[]): Word => words.reduce((all, word) => m.xor(all, word))
const left = (m: Machine, word: Word, by: number): Word => m.rotateLeft(word, m.constant(by, 32))
const right = (m: Machine, word: Word, by: number): Word => m.rotateRight(word, m.constant(by, 32))

/** Functions of FIPS 180-4, 4.1. */
const choice = (m: Machine, x: Word, y: Word, z: Word): Word => m.xor(m.and(x, m.xor(y, z)), z)
const parity = (m: Machine, x: Word, y: Word, z: Word): Word => xor(m, x, y, z)
const majority = (m: Machine, x: Word, y: Word, z: Word): Word => m.or(m.and(x, y), m.and(z, m.or(x, y)))
const rotations =
  (...by: readonly [number, number, number]) =>
  (m: Machine, word: Word): Word =>
    xor(m, ...by.map((count) => right(m, word, count)))
const rotationsAndShift =
  (first: number, second: number, shift: number) =>
  (m: Machine, word: Word): Word =>
    xor(m, right(m, word, first), right(m, word, second), m.shiftRight(word, m.constant(shift, 32)))

const bigSigma0 = rotations(2, 13, 22)
const bigSigma1 = rotations(6, 11, 25)
const smallSigma0 = rotationsAndShift(7, 18, 3)
const smallSigma1 = rotationsAndShift(17, 19, 10)

/** By the immediate's two bits. Source: FIPS 180-4, 4.1.1 and 4.2.1. */
const phases = [
  { of: choice, constant: 0x5a82_7999 },
  { of: parity, constant: 0x6ed9_eba1 },
  { of: majority, constant: 0x8f1b_bcdc },
  { of: parity, constant: 0xca62_c1d6 },
] as const

/** Four rounds on A to D; E is in the first word of the message already. */
function fourRounds(m: Machine, state: Bits<128>, message: Bits<128>, immediate: number): Bits<128> {
  const { of, constant } = phases[immediate & 3]!
  let [d, c, b, a] = wordsOf(m, state)
  let e: Word | undefined
  for (const word of wordsOf(m, message).toReversed()) {
    const next = sum(m, of(m, b, c, d), left(m, a, 5), word, m.constant(constant, 32), ...(e === undefined ? [] : [e]))
    ;[e, d, c, b, a] = [d, c, left(m, b, 30), a, next]
  }
  return vectorOf(m, [d, c, b, a])
}

const nextE = legacyBinary('SHA1NEXTE', (m, a, b) => {
  const [, , , last] = wordsOf(m, a)
  const words = wordsOf(m, b)
  return vectorOf(m, words.with(3, m.add(words[3], left(m, last, 30))))
})

const sha1Message1 = legacyBinary('SHA1MSG1', (m, a, b) => {
  const between = m.vector.shuffle(a, b, [24, 25, 26, 27, 28, 29, 30, 31, 0, 1, 2, 3, 4, 5, 6, 7])
  return m.xor(a, between)
})

const sha1Message2 = legacyBinary('SHA1MSG2', (m, a, b) => {
  const [a0, a1, a2, a3] = wordsOf(m, a)
  const [b0, b1, b2] = wordsOf(m, b)
  const w16 = left(m, m.xor(a3, b2), 1)
  const w17 = left(m, m.xor(a2, b1), 1)
  const w18 = left(m, m.xor(a1, b0), 1)
  return vectorOf(m, [left(m, m.xor(a0, w16), 1), w18, w17, w16])
})

/** Two rounds: the destination has C D G H, the source A B E F, and XMM0 the message with its constants. */
function twoRounds(m: Machine, cdgh: Bits<128>, abef: Bits<128>, message: Bits<128>): Bits<128> {
  let [h, g, d, c] = wordsOf(m, cdgh)
  let [f, e, b, a] = wordsOf(m, abef)
  for (const word of wordsOf(m, message).slice(0, 2)) {
    const first = sum(m, h, bigSigma1(m, e), choice(m, e, f, g), word)
    const second = m.add(bigSigma0(m, a), majority(m, a, b, c))
    ;[h, g, f, e, d, c, b, a] = [g, f, e, m.add(d, first), c, b, a, m.add(first, second)]
  }
  return vectorOf(m, [f, e, b, a])
}

const sha256Rounds = instruction(
  'SHA256RNDS2',
  sdm('2B', '4.3', 'SHA256RNDS2—Perform Two Rounds of SHA256 Operation'),
  (m: Machine, to: VectorPlace, from: Vector) => {
    begin(m, to)
    aligned(m, from)
    write128(m, to, twoRounds(m, read128(m, to), read128(m, from), m.read(xmm(0))))
  },
)

const sha256Message1 = legacyBinary('SHA256MSG1', (m, a, b) => {
  const words = wordsOf(m, a)
  const after = [...words.slice(1), wordsOf(m, b)[0]]
  return vectorOf(
    m,
    words.map((word, index) => m.add(word, smallSigma0(m, after[index]!))),
  )
})

const sha256Message2 = legacyBinary('SHA256MSG2', (m, a, b) => {
  const [a0, a1, a2, a3] = wordsOf(m, a)
  const [, , w14, w15] = wordsOf(m, b)
  const [w16, w17] = [m.add(a0, smallSigma1(m, w14)), m.add(a1, smallSigma1(m, w15))]
  return vectorOf(m, [w16, w17, m.add(a2, smallSigma1(m, w16)), m.add(a3, smallSigma1(m, w17))])
})

/** Rounds and message schedules of SHA-1 and SHA-256. */
export const secureHashes: readonly Instruction[] = [
  legacyWithImmediate('SHA1RNDS4', 'SHA1RNDS4—Perform Four Rounds of SHA1 Operation', fourRounds),
  nextE,
  sha1Message1,
  sha1Message2,
  sha256Rounds,
  sha256Message1,
  sha256Message2,
]
