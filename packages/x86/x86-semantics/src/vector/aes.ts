import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import { avxOfOne, binary, legacyWithImmediate } from './binary.ts'
import { type Linear, mapped, mappedInverses, product, splatByte } from './galois.ts'
import { known } from './operand.ts'

/** Where each byte of a state comes from; bytes stand by columns of four. Source: FIPS 197, 5.1.2 and 5.3.1. */
const fromPlace = (place: (row: number, column: number) => number): readonly number[] =>
  Array.from({ length: 16 }, (_, index) => place(index & 3, index >> 2))

const shiftedRows = fromPlace((row, column) => row + 4 * ((column + row) & 3))
const shiftedBack = fromPlace((row, column) => row + 4 * ((column - row) & 3))
const turned = (by: number) => fromPlace((row, column) => ((row + by) & 3) + 4 * column)

const rearranged = (m: Machine, value: Bits<128>, pattern: readonly number[]): Bits<128> =>
  m.vector.shuffle(value, value, pattern)

const rotated = (byte: number, by: number): number => ((byte << by) | (byte >> (8 - by))) & 0xff

/** The affine transformations of the S-boxes without what they add. Source: FIPS 197, 5.1.1 and 5.3.2. */
const affine: Linear = (byte) => [0, 1, 2, 3, 4].reduce((sum, by) => sum ^ rotated(byte, by), 0)
const affineBack: Linear = (byte) => [1, 3, 6].reduce((sum, by) => sum ^ rotated(byte, by), 0)
const added = 0x63

const same: Linear = (byte) => byte
const times =
  (factor: number, map: Linear = same): Linear =>
  (byte) =>
    product(factor, map(byte))

const substituted = (m: Machine, value: Bits<128>): Bits<128> =>
  m.xor(mappedInverses(m, value, same, [affine])[0]!, splatByte(m, added))

/** 2 3 1 1: of columns, and of their double. Source: FIPS 197, 5.1.3. */
function mixed(m: Machine, one: Bits<128>, two: Bits<128>): Bits<128> {
  const halfway = m.xor(one, rearranged(m, one, turned(1)))
  const pairs = m.xor(rearranged(m, halfway, turned(2)), rearranged(m, one, turned(1)))
  return m.xor(m.xor(two, rearranged(m, two, turned(1))), pairs)
}

/** 14 11 13 9: what 5 0 4 0 makes of the columns is mixed. Source: FIPS 197, 5.3.3. */
function mixedBack(m: Machine, [one, two, four, eight]: readonly Bits<128>[]): Bits<128> {
  const prepared = (value: Bits<128>, fourfold: Bits<128>) =>
    m.xor(value, m.xor(fourfold, rearranged(m, fourfold, turned(2))))
  return mixed(m, prepared(one!, four!), prepared(two!, eight!))
}

const factors = [1, 2, 4, 8] as const

const encrypt = (m: Machine, state: Bits<128>, key: Bits<128>): Bits<128> => {
  const shifted = rearranged(m, state, shiftedRows)
  const [one, two] = mappedInverses(m, shifted, same, [affine, times(2, affine)])
  // columns of 63H stay as they are
  return m.xor(m.xor(mixed(m, one!, two!), splatByte(m, added)), key)
}

const encryptLast = (m: Machine, state: Bits<128>, key: Bits<128>): Bits<128> =>
  m.xor(substituted(m, rearranged(m, state, shiftedRows)), key)

const unshifted = (m: Machine, state: Bits<128>): Bits<128> =>
  m.xor(rearranged(m, state, shiftedBack), splatByte(m, added))

const decrypt = (m: Machine, state: Bits<128>, key: Bits<128>): Bits<128> => {
  const maps = factors.map((factor) => times(factor))
  return m.xor(mixedBack(m, mappedInverses(m, unshifted(m, state), affineBack, maps)), key)
}

const decryptLast = (m: Machine, state: Bits<128>, key: Bits<128>): Bits<128> =>
  m.xor(mappedInverses(m, unshifted(m, state), affineBack, [same])[0]!, key)

/** The words 1 and 3 substituted, each as it is and turned, with the round's constant. */
function assisted(m: Machine, value: Bits<128>, constant: number): Bits<128> {
  const words = [4, 5, 6, 7, 5, 6, 7, 4, 12, 13, 14, 15, 13, 14, 15, 12]
  const constants = m.constant((BigInt(constant) << 32n) | (BigInt(constant) << 96n), 128)
  return m.xor(rearranged(m, substituted(m, value), words), constants)
}

const keyTitle = 'AESKEYGENASSIST—AES Round Key Generation Assist'

/** Rounds of AES and what makes their keys. */
export const aes: readonly Instruction[] = [
  ...binary('AESENC', encrypt),
  ...binary('AESENCLAST', encryptLast),
  ...binary('AESDEC', decrypt),
  ...binary('AESDECLAST', decryptLast),
  ...binary('AESIMC', (m, _, key) =>
    mixedBack(
      m,
      mapped(
        m,
        key,
        factors.map((factor) => times(factor)),
      ),
    ),
  ),
  legacyWithImmediate('AESKEYGENASSIST', keyTitle, (m, _, key, constant) => assisted(m, key, constant)),
  avxOfOne('VAESKEYGENASSIST', sdm('2A', '3.3', keyTitle), (m, key, constant) => assisted(m, key, known(constant))),
]
