import { sdm } from '@vmm/source'
import type { Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { type Immediate, xmm } from '../operand.ts'
import { binary } from './binary.ts'
import {
  aligned,
  begin,
  end,
  join,
  known,
  read128,
  type Vector,
  type VectorPlace,
  write128,
  zero128,
} from './operand.ts'

/** Signed 32-bit lanes to unsigned 16, and their relatives. For MMX the two sources are one vector's halves. */
const pack = (mnemonic: string, lane: 16 | 32, range: 'signed' | 'unsigned'): Instruction =>
  binary(mnemonic, (m, a, b, width) => {
    if (width === 128) return m.vector.narrow(lane, range, a, b)
    const both = join(m, a, b)
    return m.vector.narrow(lane, range, both, both)
  })

/** Lanes of both operands in turn, from the low or the high half. */
const unpack = (mnemonic: string, lane: 8 | 16 | 32 | 64, which: 'low' | 'high'): Instruction =>
  binary(mnemonic, (m, a, b, width) => {
    const bytes = lane / 8
    const first = which === 'low' ? 0 : width / 16
    const pattern = Array.from({ length: 16 }, (_, index) => {
      const pair = Math.floor(index / (2 * bytes))
      const fromB = Math.floor(index / bytes) % 2
      return (first + pair * bytes + (index % bytes) + fromB * 16) & 31
    })
    return m.vector.shuffle(a, b, pattern)
  })

/** Whole-register byte shifts. */
const byteShift = (mnemonic: 'PSLLDQ' | 'PSRLDQ'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Shift Double Quadword Logical`),
    (m: Machine, to: VectorPlace, by: Immediate<8>) => {
      begin(m, to)
      const count = Math.min(known(by), 16)
      const pattern = Array.from({ length: 16 }, (_, index) => {
        const from = mnemonic === 'PSLLDQ' ? index - count : index + count
        return from < 0 || from > 15 ? 16 : from
      })
      write128(m, to, m.vector.shuffle(read128(m, to), zero128(m), pattern))
    },
    { knows: 'immediate' },
  )

/** Which lanes of the source each lane of the result takes; two bits of the immediate a lane. */
const shuffle = (mnemonic: 'PSHUFD' | 'PSHUFW' | 'PSHUFLW' | 'PSHUFHW'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Shuffle Packed Values`),
    (m: Machine, to: VectorPlace, from: Vector, how: Immediate<8>) => {
      begin(m, to, from)
      aligned(m, from)
      const bytes = mnemonic === 'PSHUFD' ? 4 : 2
      const base = mnemonic === 'PSHUFHW' ? 8 : 0
      const pattern = Array.from({ length: 16 }, (_, index) => {
        const within = index - base
        if (within < 0 || within >= 4 * bytes) return index
        return base + ((known(how) >> (Math.floor(within / bytes) * 2)) & 3) * bytes + (within % bytes)
      })
      const value = read128(m, from)
      write128(m, to, m.vector.shuffle(value, value, pattern))
      end(m, to, from)
    },
    { knows: 'immediate' },
  )

const floatShuffle = (mnemonic: 'SHUFPS' | 'SHUFPD'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Packed Interleave Shuffle`),
    (m: Machine, to: VectorPlace, from: Vector, how: Immediate<8>) => {
      begin(m, to, from)
      aligned(m, from)
      const bytes = mnemonic === 'SHUFPS' ? 4 : 8
      const bits = mnemonic === 'SHUFPS' ? 2 : 1
      const lanes = 16 / bytes
      const pattern = Array.from({ length: 16 }, (_, index) => {
        const lane = Math.floor(index / bytes)
        const pick = (known(how) >> (lane * bits)) & ((1 << bits) - 1)
        return pick * bytes + (index % bytes) + (lane >= lanes / 2 ? 16 : 0)
      })
      write128(m, to, m.vector.shuffle(read128(m, to), read128(m, from), pattern))
    },
    { knows: 'immediate' },
  )

/** Indices with bit 7 set give zero; MMX indices have three bits. */
const pshufb = binary('PSHUFB', (m, a, b, width) => {
  const mask = m.vector.splat(8, m.constant(width === 64 ? 0x87 : 0x8f, 64))
  return m.vector.swizzle(a, m.and(b, mask))
})

const palignr = instruction(
  'PALIGNR',
  sdm('2B', '4.3', 'PALIGNR—Packed Align Right'),
  (m: Machine, to: VectorPlace, from: Vector, by: Immediate<8>) => {
    begin(m, to, from)
    aligned(m, from)
    const bytes = to.width / 8
    const [a, b] = [read128(m, to), read128(m, from)]
    const joined = to.width === 64 ? join(m, b, a) : b
    const pattern = Array.from({ length: 16 }, (_, index) => Math.min(index + known(by), 32))
    if (to.width === 64)
      write128(
        m,
        to,
        m.vector.shuffle(
          joined,
          zero128(m),
          pattern.map((at) => Math.min(at, 16)),
        ),
      )
    else if (known(by) <= 16)
      write128(
        m,
        to,
        m.vector.shuffle(
          b,
          a,
          pattern.map((at) => at & 31),
        ),
      )
    else
      write128(
        m,
        to,
        m.vector.shuffle(
          a,
          zero128(m),
          Array.from({ length: 16 }, (_, index) => Math.min(index + known(by) - bytes, 16)),
        ),
      )
    end(m, to, from)
  },
  { knows: 'immediate' },
)

const extendMove = (mnemonic: string, from: 8 | 16 | 32, to: 16 | 32 | 64, kind: 'signed' | 'unsigned'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Packed Move With Extend`),
    (m: Machine, place: VectorPlace, source: Vector) => {
      begin(m, place)
      let value = read128(m, source)
      for (let lane: number = from; lane < to; lane *= 2) value = m.vector.widenLow(lane as 8, kind, value)
      write128(m, place, value)
    },
  )

/** XMM0 chooses lane by lane, by its top bits. */
const blendByRegister = (mnemonic: string, lane: 8 | 32 | 64): Instruction =>
  binary(mnemonic, (m, a, b) => {
    const mask = m.vector.zip(lane, 'greaterS', zero128(m), m.read(xmm(0)))
    return m.or(m.and(b, mask), m.and(a, m.not(mask)))
  })

const blendByImmediate = (mnemonic: string, lane: 16 | 32 | 64): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Blend`),
    (m: Machine, to: VectorPlace, from: Vector, how: Immediate<8>) => {
      begin(m, to)
      aligned(m, from)
      const pattern = Array.from(
        { length: 16 },
        (_, index) => index + (((known(how) >> Math.floor(index / (lane / 8))) & 1) === 1 ? 16 : 0),
      )
      write128(m, to, m.vector.shuffle(read128(m, to), read128(m, from), pattern))
    },
    { knows: 'immediate' },
  )

const extended = (['signed', 'unsigned'] as const).flatMap((kind) => {
  const stem = kind === 'signed' ? 'PMOVSX' : 'PMOVZX'
  return [
    extendMove(`${stem}BW`, 8, 16, kind),
    extendMove(`${stem}BD`, 8, 32, kind),
    extendMove(`${stem}BQ`, 8, 64, kind),
    extendMove(`${stem}WD`, 16, 32, kind),
    extendMove(`${stem}WQ`, 16, 64, kind),
    extendMove(`${stem}DQ`, 32, 64, kind),
  ]
})

/** Instructions that put lanes elsewhere: packs, unpacks, shuffles, extensions, blends. */
export const vectorArrangement: readonly Instruction[] = [
  pack('PACKSSWB', 16, 'signed'),
  pack('PACKUSWB', 16, 'unsigned'),
  pack('PACKSSDW', 32, 'signed'),
  pack('PACKUSDW', 32, 'unsigned'),
  unpack('PUNPCKLBW', 8, 'low'),
  unpack('PUNPCKLWD', 16, 'low'),
  unpack('PUNPCKLDQ', 32, 'low'),
  unpack('PUNPCKLQDQ', 64, 'low'),
  unpack('PUNPCKHBW', 8, 'high'),
  unpack('PUNPCKHWD', 16, 'high'),
  unpack('PUNPCKHDQ', 32, 'high'),
  unpack('PUNPCKHQDQ', 64, 'high'),
  unpack('UNPCKLPS', 32, 'low'),
  unpack('UNPCKLPD', 64, 'low'),
  unpack('UNPCKHPS', 32, 'high'),
  unpack('UNPCKHPD', 64, 'high'),
  byteShift('PSLLDQ'),
  byteShift('PSRLDQ'),
  shuffle('PSHUFD'),
  shuffle('PSHUFW'),
  shuffle('PSHUFLW'),
  shuffle('PSHUFHW'),
  floatShuffle('SHUFPS'),
  floatShuffle('SHUFPD'),
  pshufb,
  palignr,
  ...extended,
  blendByRegister('PBLENDVB', 8),
  blendByRegister('BLENDVPS', 32),
  blendByRegister('BLENDVPD', 64),
  blendByImmediate('PBLENDW', 16),
  blendByImmediate('BLENDPS', 32),
  blendByImmediate('BLENDPD', 64),
]
