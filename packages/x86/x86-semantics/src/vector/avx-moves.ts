import { sdm } from '@vmm/source'
import type { Bits, Machine, Width } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import { type Immediate, type Operand, type Place, xmm } from '../operand.ts'
import { type AnyVector, type AnyVectorPlace, alignedWhole, avx, readParts, writeParts } from './avx.ts'
import { evenTwice, half, inserted, insertedSingle, lowTwice, oddTwice, storeSelected, withHalf } from './moves.ts'
import { known, read128, type Vector, zero128 } from './operand.ts'

type Any = 8 | 16 | 32 | 64 | 128

const move = (mnemonic: string, alignment: 'aligned' | 'any' = 'any'): Instruction =>
  avx(mnemonic, sdm('2B', '4.3', `${mnemonic.slice(1)}—Move`), (m: Machine, to: Place<Width>, from: Operand<Width>) => {
    if (alignment === 'aligned') {
      alignedWhole(m, from)
      alignedWhole(m, to)
    }
    writeParts(m, to, readParts(m, from))
  })

/** Between a general register or memory and a vector, whose low bits it is. */
const moveGeneral = (mnemonic: 'VMOVD' | 'VMOVQ'): Instruction =>
  avx(mnemonic, sdm('2B', '4.3', `${mnemonic.slice(1)}—Move`), (m: Machine, to: Place<Any>, from: Operand<Any>) => {
    const [value] = readParts(m, from)
    if (to.kind === 'register' && to.file === 'gpr') m.write(to, m.truncate(value!, to.width))
    else writeParts(m, to, [value!])
  })

/** From memory with zeros above it, to memory, or between registers below the rest of another one. */
const moveScalar = (mnemonic: 'VMOVSS' | 'VMOVSD', lane: 32 | 64): Instruction =>
  avx(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic.slice(1)}—Move Scalar`),
    (m: Machine, to: Place<32 | 64 | 128>, ...[first, second]: readonly Operand<32 | 64 | 128>[]) => {
      if (second === undefined) return writeParts(m, to, readParts(m, first!))
      const value = m.vector.lane(lane, read128(m, second as Vector), 0)
      writeParts(m, to, [m.vector.withLane(lane, read128(m, first as Vector), 0, value)])
    },
  )

/** One half from the second source, the other one from the first; or a half to memory. */
const moveHalf = (mnemonic: string, taken: 0 | 1, from: 0 | 1): Instruction =>
  avx(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic.slice(1)}—Move Packed Values`),
    (m: Machine, to: Place<64 | 128>, ...[first, second]: readonly Operand<64 | 128>[]) => {
      if (second === undefined) return m.write(to as Place<64>, half(m, read128(m, first!), taken))
      const value = half(m, read128(m, second), second.kind === 'memory' ? 0 : from)
      writeParts(m, to, [withHalf(m, read128(m, first!), taken, value)])
    },
  )

const duplicate = (mnemonic: string, pattern: readonly number[]): Instruction =>
  avx(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic.slice(1)}—Replicate Values`),
    (m: Machine, to: AnyVectorPlace, from: AnyVector) =>
      writeParts(
        m,
        to,
        readParts(m, from).map((part) => m.vector.shuffle(part, part, pattern)),
      ),
  )

/** The top bits of all lanes. */
const signs = (mnemonic: string, lane: 8 | 32 | 64): Instruction =>
  avx(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic.slice(1)}—Extract Sign Mask`),
    (m: Machine, to: Place<32 | 64>, from: AnyVector) => {
      const [low, high] = readParts(m, from).map((part) => m.vector.signs(lane, part))
      const above = m.constant(128 / lane, 32)
      const all = high === undefined ? low! : m.or(low!, m.shiftLeft(high, above))
      m.write(to, m.zeroExtend(all, to.width))
    },
  )

const insert = (mnemonic: string, lane: 8 | 16 | 32 | 64): Instruction =>
  avx(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic.slice(1)}—Insert`),
    (m: Machine, to: Place<128>, into: Operand<128>, from: Operand<Any>, where: Immediate<8>) =>
      writeParts(m, to, [inserted(m, lane, m.read(into), from, known(where) & (128 / lane - 1))]),
    { knows: 'immediate' },
  )

const extract = (mnemonic: string, lane: 8 | 16 | 32 | 64): Instruction =>
  avx(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic.slice(1)}—Extract`),
    (m: Machine, to: Place<8 | 16 | 32 | 64>, from: Operand<128>, where: Immediate<8>) =>
      m.write(to, m.truncate(m.vector.lane(lane, m.read(from), known(where) & (128 / lane - 1)), to.width)),
    { knows: 'immediate' },
  )

const vinsertps = avx(
  'VINSERTPS',
  sdm('2A', '3.3', 'INSERTPS—Insert Scalar Single Precision Floating-Point Value'),
  (m: Machine, to: Place<128>, into: Operand<128>, from: Operand<32 | 128>, how: Immediate<8>) =>
    writeParts(m, to, [insertedSingle(m, m.read(into), from, known(how))]),
  { knows: 'immediate' },
)

const vmaskmovdqu = avx(
  'VMASKMOVDQU',
  sdm('2B', '4.3', 'MASKMOVDQU—Store Selected Bytes'),
  (m: Machine, from: Vector, mask: Vector) => storeSelected(m, from, mask, 16),
)

/** Outside 64-bit code there are eight registers, and the others stay. */
const registers = (m: Machine): readonly Place<128>[] =>
  Array.from({ length: m.mode.codeSize === 64 ? 16 : 8 }, (_, index) => xmm(index))

/** Clears the upper halves, or all of the registers. */
const clear = (mnemonic: 'VZEROUPPER' | 'VZEROALL'): Instruction =>
  avx(mnemonic, sdm('2D', '5.3', `${mnemonic}—Zero YMM Registers`), (m: Machine) => {
    const kept = (register: Place<128>): Bits<128> => (mnemonic === 'VZEROALL' ? zero128(m) : m.read(register))
    for (const register of registers(m)) writeParts(m, register, [kept(register)])
  })

/** Moves of AVX, those of legacy SSE with sources that stay among them. */
export const avxMoves: readonly Instruction[] = [
  ...['VMOVUPS', 'VMOVUPD', 'VMOVDQU', 'VLDDQU'].map((mnemonic) => move(mnemonic)),
  ...['VMOVAPS', 'VMOVAPD', 'VMOVDQA', 'VMOVNTPS', 'VMOVNTPD', 'VMOVNTDQ', 'VMOVNTDQA'].map((mnemonic) =>
    move(mnemonic, 'aligned'),
  ),
  moveGeneral('VMOVD'),
  moveGeneral('VMOVQ'),
  moveScalar('VMOVSS', 32),
  moveScalar('VMOVSD', 64),
  moveHalf('VMOVLPS', 0, 0),
  moveHalf('VMOVLPD', 0, 0),
  moveHalf('VMOVHPS', 1, 0),
  moveHalf('VMOVHPD', 1, 0),
  moveHalf('VMOVHLPS', 0, 1),
  moveHalf('VMOVLHPS', 1, 0),
  duplicate('VMOVDDUP', lowTwice),
  duplicate('VMOVSLDUP', evenTwice),
  duplicate('VMOVSHDUP', oddTwice),
  signs('VMOVMSKPS', 32),
  signs('VMOVMSKPD', 64),
  signs('VPMOVMSKB', 8),
  insert('VPINSRB', 8),
  insert('VPINSRW', 16),
  insert('VPINSRD', 32),
  insert('VPINSRQ', 64),
  extract('VPEXTRB', 8),
  extract('VPEXTRW', 16),
  extract('VPEXTRD', 32),
  extract('VPEXTRQ', 64),
  extract('VEXTRACTPS', 32),
  vinsertps,
  vmaskmovdqu,
  clear('VZEROUPPER'),
  clear('VZEROALL'),
]
