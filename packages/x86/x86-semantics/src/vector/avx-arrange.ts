import { type Source, sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import type { Immediate, Operand, Place } from '../operand.ts'
import type { Lane } from '../vector-algebra.ts'
import { type AnyVector, type AnyVectorPlace, avx, type Parts, readParts, writeParts, zipParts } from './avx.ts'
import { bytewise, known, zero128 } from './operand.ts'

const page = (title: string): Source => sdm('2D', '5.3', title)

/** All lanes are the lowest one of the source. */
const broadcast = (mnemonic: string, lane: Lane): Instruction =>
  avx(mnemonic, page(`${mnemonic}—Broadcast`), (m: Machine, to: AnyVectorPlace, from: AnyVector) => {
    const [value] = readParts(m, from)
    const all = m.vector.splat(lane, m.vector.lane(lane, value!, 0))
    writeParts(m, to, to.width === 256 ? [all, all] : [all])
  })

/** Both halves are the source. */
const broadcastHalf = (mnemonic: string): Instruction =>
  avx(mnemonic, page(`${mnemonic}—Broadcast`), (m: Machine, to: Place<256>, from: Operand<128>) => {
    const value = m.read(from)
    writeParts(m, to, [value, value])
  })

/** The immediate's lowest bit says which half is replaced. */
const insertHalf = (mnemonic: string): Instruction =>
  avx(
    mnemonic,
    page(`${mnemonic}—Insert Packed Values`),
    (m: Machine, to: Place<256>, into: Operand<256>, from: Operand<128>, where: Immediate<8>) => {
      const [low, high] = readParts(m, into)
      const value = m.read(from)
      writeParts(m, to, (known(where) & 1) === 0 ? [value, high!] : [low!, value])
    },
    { knows: 'immediate' },
  )

const extractHalf = (mnemonic: string): Instruction =>
  avx(
    mnemonic,
    page(`${mnemonic}—Extract Packed Values`),
    (m: Machine, to: Place<128>, from: Operand<256>, which: Immediate<8>) =>
      writeParts(m, to, [readParts(m, from)[known(which) & 1]!]),
    { knows: 'immediate' },
  )

/** Each half is one of four of both sources, or zero: four bits of the immediate say so. */
const permuteHalves = (mnemonic: string): Instruction =>
  avx(
    mnemonic,
    page(`${mnemonic}—Permute Values`),
    (m: Machine, to: Place<256>, first: Operand<256>, second: Operand<256>, how: Immediate<8>) => {
      const halves = [...readParts(m, first), ...readParts(m, second)]
      const chosen = (by: number) => ((by & 8) === 0 ? halves[by & 3]! : zero128(m))
      writeParts(m, to, [chosen(known(how)), chosen(known(how) >> 4)])
    },
    { knows: 'immediate' },
  )

/** Each of four 64-bit lanes by two bits of the immediate. */
const permuteQuads = (mnemonic: 'VPERMQ' | 'VPERMPD'): Instruction =>
  avx(
    mnemonic,
    page(`${mnemonic}—Element Permutation`),
    (m: Machine, to: Place<256>, from: Operand<256>, how: Immediate<8>) => {
      const [low, high] = readParts(m, from)
      const pick = (lane: number) => (known(how) >> (lane * 2)) & 3
      const part = (first: number) =>
        m.vector.shuffle(
          low!,
          high!,
          bytewise((index) => pick(first + (index >> 3)) * 8 + (index & 7)),
        )
      writeParts(m, to, [part(0), part(2)])
    },
    { knows: 'immediate' },
  )

/** Numbers of lanes, one in each, as those of their bytes. */
function byteIndices(m: Machine, lane: 32 | 64, numbers: Bits<128>): Bits<128> {
  const bytes = lane / 8
  const scaled = m.vector.shift(lane, 'left', numbers, m.constant(Math.log2(bytes), 32))
  const everywhere = m.vector.shuffle(
    scaled,
    scaled,
    bytewise((index) => index - (index % bytes)),
  )
  const withinLane = lane === 32 ? 0x0302_0100n : 0x0706_0504_0302_0100n
  return m.vector.zip(8, 'add', everywhere, m.vector.splat(lane, m.constant(withinLane, 64)))
}

/** Each of eight 32-bit lanes by three bits of a lane of the first source. */
const permuteSingles = (mnemonic: 'VPERMD' | 'VPERMPS'): Instruction =>
  avx(
    mnemonic,
    page(`${mnemonic}—Permute Packed Elements`),
    (m: Machine, to: Place<256>, by: Operand<256>, from: Operand<256>) => {
      const [low, high] = readParts(m, from)
      const part = (numbers: Bits<128>): Bits<128> => {
        const eight = m.and(numbers, m.vector.splat(32, m.constant(7, 64)))
        const indices = byteIndices(m, 32, eight)
        // what is in the other half has an index above 15 there, and gives zero
        const inHigh = m.xor(indices, m.vector.splat(8, m.constant(16, 64)))
        return m.or(m.vector.swizzle(low!, indices), m.vector.swizzle(high!, inHigh))
      }
      writeParts(m, to, readParts(m, by).map(part))
    },
  )

/** Within each 128 bits, by the immediate: VPERMILPD has two bits of it for each. */
function permutedBy(m: Machine, lane: 32 | 64, value: Bits<128>, how: number, part: number): Bits<128> {
  const bytes = lane / 8
  const pick = (index: number) => (lane === 32 ? (how >> (index * 2)) & 3 : (how >> (part * 2 + index)) & 1)
  return m.vector.shuffle(
    value,
    value,
    bytewise((index) => pick(Math.floor(index / bytes)) * bytes + (index % bytes)),
  )
}

/** Within each 128 bits, by a lane of another vector: two bits of each 32, or bit 1 of each 64. */
function permutedByVector(m: Machine, lane: 32 | 64, value: Bits<128>, by: Bits<128>): Bits<128> {
  const moved = lane === 32 ? by : m.vector.shift(64, 'right', by, m.constant(1, 32))
  const numbers = m.and(moved, m.vector.splat(lane, m.constant(lane === 32 ? 3 : 1, 64)))
  return m.vector.swizzle(value, byteIndices(m, lane, numbers))
}

const permuteWithin = (mnemonic: 'VPERMILPS' | 'VPERMILPD', lane: 32 | 64): Instruction =>
  avx(
    mnemonic,
    page(`${mnemonic}—Permute In-Lane`),
    (m: Machine, to: AnyVectorPlace, from: AnyVector, by: AnyVector | Immediate<8>) => {
      const values = readParts(m, from)
      const permuted = (): Parts =>
        by.kind === 'immediate'
          ? values.map((value, part) => permutedBy(m, lane, value, known(by as Immediate<8>), part))
          : zipParts(values, readParts(m, by), (value, control) => permutedByVector(m, lane, value, control))
      writeParts(m, to, permuted())
    },
    { knows: 'immediate' },
  )

/** What AVX and AVX2 alone have to put lanes elsewhere: broadcasts, permutations, halves in and out. */
export const avxArrangement: readonly Instruction[] = [
  broadcast('VBROADCASTSS', 32),
  broadcast('VBROADCASTSD', 64),
  broadcast('VPBROADCASTB', 8),
  broadcast('VPBROADCASTW', 16),
  broadcast('VPBROADCASTD', 32),
  broadcast('VPBROADCASTQ', 64),
  broadcastHalf('VBROADCASTF128'),
  broadcastHalf('VBROADCASTI128'),
  insertHalf('VINSERTF128'),
  insertHalf('VINSERTI128'),
  extractHalf('VEXTRACTF128'),
  extractHalf('VEXTRACTI128'),
  permuteHalves('VPERM2F128'),
  permuteHalves('VPERM2I128'),
  permuteQuads('VPERMQ'),
  permuteQuads('VPERMPD'),
  permuteSingles('VPERMD'),
  permuteSingles('VPERMPS'),
  permuteWithin('VPERMILPS', 32),
  permuteWithin('VPERMILPD', 64),
]
