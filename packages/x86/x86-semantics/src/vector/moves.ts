import { sdm } from '@vmm/source'
import type { Bits, Machine, Width } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr, type Immediate, type Operand, type Place } from '../operand.ts'
import { requireReach } from '../reach.ts'
import { requireMmx } from '../system/fpu-availability.ts'
import type { Lane } from '../vector-algebra.ts'
import { raisePending } from '../x87/stack.ts'
import { aligned, begin, end, known, read128, touchMmx, type Vector, type VectorPlace } from './operand.ts'

type Any = 8 | 16 | 32 | 64 | 128

/** Copies as much as the source has; a wider destination gets zeros above, as its row's width says. */
const move = (mnemonic: string, alignment: 'aligned' | 'any' = 'any'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', `${mnemonic}—Move`), (m: Machine, to: Place<Any>, from: Operand<Any>) => {
    begin(m, to as Operand<Width>, from as Operand<Width>)
    if (alignment === 'aligned') {
      aligned(m, from)
      aligned(m, to)
    }
    const value = m.read(from)
    m.write(to, from.width > to.width ? m.truncate(value, to.width) : m.zeroExtend(value, to.width))
    end(m, to as Operand<Width>, from as Operand<Width>)
  })

export const half = (m: Machine, value: Bits<128>, index: number): Bits<64> => m.vector.lane(64, value, index)
export const withHalf = (m: Machine, value: Bits<128>, index: number, of: Bits<64>): Bits<128> =>
  m.vector.withLane(64, value, index, of)

const movhlps = instruction(
  'MOVHLPS',
  sdm('2B', '4.3', 'MOVHLPS—Move Packed High to Low'),
  (m: Machine, to: Place<64>, from: Operand<128>) => {
    begin(m, to)
    m.write(to, half(m, m.read(from), 1))
  },
)

/** MOVHPS and MOVHPD load or store the high half; MOVLHPS fills it from a low one. */
const high = (mnemonic: 'MOVHPS' | 'MOVHPD' | 'MOVLHPS'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Move High Packed Values`),
    (m: Machine, to: Place<64 | 128>, from: Operand<64 | 128>) => {
      begin(m, to, from)
      if (to.kind === 'memory') return m.write(to, m.truncate(half(m, m.read(from as Operand<128>), 1), to.width))
      m.write(to as Place<128>, withHalf(m, m.read(to as Operand<128>), 1, m.truncate(m.read(from), 64)))
    },
  )

const duplicate = (mnemonic: string, pattern: readonly number[]): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Replicate Values`),
    (m: Machine, to: Place<128>, from: Vector) => {
      begin(m, to)
      aligned(m, from)
      const value = read128(m, from)
      m.write(to, m.vector.shuffle(value, value, pattern))
    },
  )

const signs = (mnemonic: 'MOVMSKPS' | 'MOVMSKPD' | 'PMOVMSKB', lane: 8 | 32 | 64): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Extract Sign Mask`),
    (m: Machine, to: Place<32 | 64>, from: Vector) => {
      begin(m, from)
      m.write(to, m.zeroExtend(m.vector.signs(lane, read128(m, from)), to.width))
      end(m, from)
    },
  )

/** The selected bytes are stored to DS:RDI, or what overrides DS. */
const maskMove = (mnemonic: 'MASKMOVQ' | 'MASKMOVDQU', bytes: 8 | 16): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Store Selected Bytes`),
    (m: Machine, from: Vector, mask: Vector) => {
      begin(m, from, mask)
      storeSelected(m, from, mask, bytes)
      end(m, from, mask)
    },
  )

/** Stores the bytes whose mask has its top bit set. */
export function storeSelected(m: Machine, from: Vector, mask: Vector, bytes: 8 | 16): void {
  const width = m.mode.addressSize
  const offset = m.zeroExtend(m.read(gpr('RDI', width)), 64)
  requireReach(m, offset, { bytes, alignment: 8, access: 'write' })
  const [value, chosen] = [read128(m, from), m.vector.signs(8, read128(m, mask))]
  for (let index = 0; index < bytes; index += 1) {
    m.when(m.bit(chosen, index), () =>
      m.store('operand', m.add(offset, m.constant(index, 64)), m.truncate(m.vector.lane(8, value, index), 8)),
    )
  }
}

/** A vector with the low bits of an operand as one of its lanes. */
export function inserted(m: Machine, lane: Lane, vector: Bits<128>, from: Operand<Any>, index: number): Bits<128> {
  return m.vector.withLane(lane, vector, index, m.zeroExtend(m.truncate(m.read(from), lane), 64))
}

const insert = (mnemonic: string, lane: 8 | 16 | 32 | 64): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Insert`),
    (m: Machine, to: VectorPlace, from: Operand<Any>, where: Immediate<8>) => {
      begin(m, to)
      m.write(to, m.truncate(inserted(m, lane, read128(m, to), from, known(where) & (to.width / lane - 1)), to.width))
      end(m, to)
    },
    { knows: 'immediate' },
  )

const extract = (mnemonic: string, lane: 8 | 16 | 32 | 64): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Extract`),
    (m: Machine, to: Place<8 | 16 | 32 | 64>, from: Vector, where: Immediate<8>) => {
      begin(m, from)
      const index = known(where) & (from.width / lane - 1)
      m.write(to, m.truncate(m.vector.lane(lane, read128(m, from), index), to.width))
      end(m, from)
    },
    { knows: 'immediate' },
  )

/** Bits 7:6 pick the source lane (a memory source has one), 5:4 the destination, 3:0 lanes to zero. */
const insertps = instruction(
  'INSERTPS',
  sdm('2A', '3.3', 'INSERTPS—Insert Scalar Single Precision Floating-Point Value'),
  (m: Machine, to: Place<128>, from: Operand<32 | 128>, how: Immediate<8>) => {
    begin(m, to)
    m.write(to, insertedSingle(m, m.read(to), from, known(how)))
  },
  { knows: 'immediate' },
)

export function insertedSingle(m: Machine, vector: Bits<128>, from: Operand<32 | 128>, control: number): Bits<128> {
  const source =
    from.kind === 'memory'
      ? m.zeroExtend(m.truncate(m.read(from), 32), 64)
      : m.vector.lane(32, m.read(from as Operand<128>), control >> 6)
  let result = m.vector.withLane(32, vector, (control >> 4) & 3, source)
  for (let index = 0; index < 4; index += 1)
    if ((control >> index) & 1) result = m.vector.withLane(32, result, index, m.constant(0, 64))
  return result
}

/** EMMS frees the x87 registers and, like every MMX instruction, puts TOP at 0. SDM 3A §12.2, Table 12-2. */
const emms = instruction('EMMS', sdm('2A', '3.3', 'EMMS—Empty MMX Technology State'), (m: Machine) => {
  requireMmx(m)
  raisePending(m)
  touchMmx(m)
  m.set('FTW', m.constant(0, 8))
})

export const lowTwice = [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7]
export const evenTwice = [0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11]
export const oddTwice = [4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15]

export const vectorMoves: readonly Instruction[] = [
  ...[
    'MOVUPS',
    'MOVUPD',
    'MOVSS',
    'MOVSD',
    'MOVLPS',
    'MOVLPD',
    'MOVD',
    'MOVQ',
    'MOVDQU',
    'LDDQU',
    'MOVQ2DQ',
    'MOVDQ2Q',
    'MOVNTQ',
  ].map((mnemonic) => move(mnemonic)),
  ...['MOVAPS', 'MOVAPD', 'MOVDQA', 'MOVNTPS', 'MOVNTPD', 'MOVNTDQ', 'MOVNTDQA'].map((mnemonic) =>
    move(mnemonic, 'aligned'),
  ),
  movhlps,
  high('MOVHPS'),
  high('MOVHPD'),
  high('MOVLHPS'),
  duplicate('MOVDDUP', lowTwice),
  duplicate('MOVSLDUP', evenTwice),
  duplicate('MOVSHDUP', oddTwice),
  signs('MOVMSKPS', 32),
  signs('MOVMSKPD', 64),
  signs('PMOVMSKB', 8),
  maskMove('MASKMOVQ', 8),
  maskMove('MASKMOVDQU', 16),
  insert('PINSRB', 8),
  insert('PINSRW', 16),
  insert('PINSRD', 32),
  insert('PINSRQ', 64),
  extract('PEXTRB', 8),
  extract('PEXTRW', 16),
  extract('PEXTRD', 32),
  extract('PEXTRQ', 64),
  extract('EXTRACTPS', 32),
  insertps,
  emms,
]
