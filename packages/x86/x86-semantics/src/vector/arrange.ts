import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { type Immediate, xmm } from '../operand.ts'
import { type AnyVector, type AnyVectorPlace, avx, readParts, writeParts, zipParts } from './avx.ts'
import { avxOfOne, avxWithImmediate, binary, legacyBinary, withImmediate } from './binary.ts'
import {
  aligned,
  begin,
  bytewise,
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
const pack = (mnemonic: string, lane: 16 | 32, range: 'signed' | 'unsigned'): readonly Instruction[] =>
  binary(mnemonic, (m, a, b, width) => {
    if (width === 128) return m.vector.narrow(lane, range, a, b)
    const both = join(m, a, b)
    return m.vector.narrow(lane, range, both, both)
  })

/** Lanes of both operands in turn, from the low or the high half. */
const unpack = (mnemonic: string, lane: 8 | 16 | 32 | 64, which: 'low' | 'high'): readonly Instruction[] =>
  binary(mnemonic, (m, a, b, width) => {
    const bytes = lane / 8
    const first = which === 'low' ? 0 : width / 16
    const pattern = bytewise((index) => {
      const pair = Math.floor(index / (2 * bytes))
      const fromB = Math.floor(index / bytes) % 2
      return (first + pair * bytes + (index % bytes) + fromB * 16) & 31
    })
    return m.vector.shuffle(a, b, pattern)
  })

/** Byte shifts, of each 128 bits. */
const byteShift = (mnemonic: 'PSLLDQ' | 'PSRLDQ'): readonly Instruction[] => {
  const source = sdm('2B', '4.3', `${mnemonic}—Shift Double Quadword Logical`)
  const shifted = (m: Machine, value: Bits<128>, by: Immediate<8>): Bits<128> => {
    const count = Math.min(known(by), 16)
    const pattern = bytewise((index) => {
      const from = mnemonic === 'PSLLDQ' ? index - count : index + count
      return from < 0 || from > 15 ? 16 : from
    })
    return m.vector.shuffle(value, zero128(m), pattern)
  }
  return [
    instruction(
      mnemonic,
      source,
      (m: Machine, to: VectorPlace, by: Immediate<8>) => {
        begin(m, to)
        write128(m, to, shifted(m, read128(m, to), by))
      },
      { knows: 'immediate' },
    ),
    avxOfOne(`V${mnemonic}`, source, (m, value, how) => shifted(m, value, how)),
  ]
}

/** Which lanes of the source each lane of the result takes; two bits of the immediate a lane. */
const shuffled = (m: Machine, mnemonic: string, value: Bits<128>, how: number): Bits<128> => {
  const bytes = mnemonic === 'PSHUFD' ? 4 : 2
  const base = mnemonic === 'PSHUFHW' ? 8 : 0
  const pattern = bytewise((index) => {
    const within = index - base
    if (within < 0 || within >= 4 * bytes) return index
    return base + ((how >> (Math.floor(within / bytes) * 2)) & 3) * bytes + (within % bytes)
  })
  return m.vector.shuffle(value, value, pattern)
}

const shuffle = (mnemonic: 'PSHUFD' | 'PSHUFW' | 'PSHUFLW' | 'PSHUFHW'): readonly Instruction[] => {
  const source = sdm('2B', '4.3', `${mnemonic}—Shuffle Packed Values`)
  const legacy = instruction(
    mnemonic,
    source,
    (m: Machine, to: VectorPlace, from: Vector, how: Immediate<8>) => {
      begin(m, to, from)
      aligned(m, from)
      write128(m, to, shuffled(m, mnemonic, read128(m, from), known(how)))
      end(m, to, from)
    },
    { knows: 'immediate' },
  )
  if (mnemonic === 'PSHUFW') return [legacy]
  return [legacy, avxOfOne(`V${mnemonic}`, source, (m, value, how) => shuffled(m, mnemonic, value, known(how)))]
}

/** Lanes of the first operand below, of the second above. SHUFPD has two bits of the immediate for each 128. */
const floatShuffle = (mnemonic: 'SHUFPS' | 'SHUFPD'): readonly Instruction[] =>
  withImmediate(mnemonic, `${mnemonic}—Packed Interleave Shuffle`, (m, a, b, immediate, part) => {
    const bytes = mnemonic === 'SHUFPS' ? 4 : 8
    const bits = mnemonic === 'SHUFPS' ? 2 : 1
    const how = mnemonic === 'SHUFPS' ? immediate : immediate >> (part * 2)
    const lanes = 16 / bytes
    const pattern = bytewise((index) => {
      const lane = Math.floor(index / bytes)
      const pick = (how >> (lane * bits)) & ((1 << bits) - 1)
      return pick * bytes + (index % bytes) + (lane >= lanes / 2 ? 16 : 0)
    })
    return m.vector.shuffle(a, b, pattern)
  })

/** Indices with bit 7 set give zero; MMX indices have three bits. */
const pshufb = binary('PSHUFB', (m, a, b, width) => {
  const mask = m.vector.splat(8, m.constant(width === 64 ? 0x87 : 0x8f, 64))
  return m.vector.swizzle(a, m.and(b, mask))
})

const palignr = withImmediate('PALIGNR', 'PALIGNR—Packed Align Right', (m, a, b, by, _part, width) => {
  const from = (low: Bits<128>, high: Bits<128>, count: number) =>
    m.vector.shuffle(
      low,
      high,
      bytewise((index) => Math.min(index + count, 31)),
    )
  const zero = zero128(m)
  // what lies beyond both is zero, and so is the last byte of zeros
  if (width === 64) return from(join(m, b, a), zero, Math.min(by, 16))
  return by <= 16 ? from(b, a, by) : from(a, zero, Math.min(by - 16, 16))
})

/** Lanes of a source that is so much narrower at the width of the destination. */
function widened(m: Machine, value: Bits<128>, from: 8 | 16 | 32, to: 16 | 32 | 64, kind: 'signed' | 'unsigned') {
  let result = value
  for (let lane: number = from; lane < to; lane *= 2) result = m.vector.widenLow(lane as 8, kind, result)
  return result
}

const extendMove = (
  mnemonic: string,
  from: 8 | 16 | 32,
  to: 16 | 32 | 64,
  kind: 'signed' | 'unsigned',
): readonly Instruction[] => {
  const source = sdm('2B', '4.3', `${mnemonic}—Packed Move With Extend`)
  return [
    instruction(mnemonic, source, (m: Machine, place: VectorPlace, operand: Vector) => {
      begin(m, place)
      write128(m, place, widened(m, read128(m, operand), from, to, kind))
    }),
    avx(`V${mnemonic}`, source, (m: Machine, place: AnyVectorPlace, operand: AnyVector) => {
      const [value] = readParts(m, operand)
      const low = widened(m, value!, from, to, kind)
      if (place.width !== 256) return writeParts(m, place, [low])
      const bytes = (16 * from) / to
      const upper = m.vector.shuffle(
        value!,
        value!,
        bytewise((index) => (index + bytes) & 15),
      )
      writeParts(m, place, [low, widened(m, upper, from, to, kind)])
    }),
  ]
}

/** The second where the top bit of a lane of the mask is set. */
function chosen(m: Machine, lane: 8 | 32 | 64, a: Bits<128>, b: Bits<128>, mask: Bits<128>): Bits<128> {
  const all = m.vector.zip(lane, 'greaterS', zero128(m), mask)
  return m.or(m.and(b, all), m.and(a, m.not(all)))
}

/** XMM0 chooses lane by lane, by its top bits; a fourth operand does with AVX. */
const blendByRegister = (mnemonic: string, lane: 8 | 32 | 64): readonly Instruction[] => [
  legacyBinary(mnemonic, (m, a, b) => chosen(m, lane, a, b, m.read(xmm(0)))),
  avx(
    `V${mnemonic}`,
    sdm('2B', '4.3', mnemonic),
    (m: Machine, to: AnyVectorPlace, first: AnyVector, second: AnyVector, mask: AnyVector) => {
      const [b, masks] = [readParts(m, second), readParts(m, mask)]
      const parts = zipParts(readParts(m, first), b, (x, y, part) => chosen(m, lane, x, y, masks[part]!))
      writeParts(m, to, parts)
    },
  ),
]

/** A bit for each lane; the upper 128 bits of words have the same eight as the lower. */
function blended(m: Machine, lane: 16 | 32 | 64, a: Bits<128>, b: Bits<128>, how: number): Bits<128> {
  const pattern = bytewise((index) => index + (((how >> Math.floor(index / (lane / 8))) & 1) === 1 ? 16 : 0))
  return m.vector.shuffle(a, b, pattern)
}

const blendByImmediate = (mnemonic: string, lane: 16 | 32 | 64): readonly Instruction[] =>
  withImmediate(mnemonic, `${mnemonic}—Blend`, (m, a, b, how, part) =>
    blended(m, lane, a, b, lane === 16 ? how : how >> ((part * 128) / lane)),
  )

const extended = (['signed', 'unsigned'] as const).flatMap((kind) => {
  const stem = kind === 'signed' ? 'PMOVSX' : 'PMOVZX'
  return [
    ...extendMove(`${stem}BW`, 8, 16, kind),
    ...extendMove(`${stem}BD`, 8, 32, kind),
    ...extendMove(`${stem}BQ`, 8, 64, kind),
    ...extendMove(`${stem}WD`, 16, 32, kind),
    ...extendMove(`${stem}WQ`, 16, 64, kind),
    ...extendMove(`${stem}DQ`, 32, 64, kind),
  ]
})

/** Instructions that put lanes elsewhere: packs, unpacks, shuffles, extensions, blends. */
export const vectorArrangement: readonly Instruction[] = [
  ...pack('PACKSSWB', 16, 'signed'),
  ...pack('PACKUSWB', 16, 'unsigned'),
  ...pack('PACKSSDW', 32, 'signed'),
  ...pack('PACKUSDW', 32, 'unsigned'),
  ...unpack('PUNPCKLBW', 8, 'low'),
  ...unpack('PUNPCKLWD', 16, 'low'),
  ...unpack('PUNPCKLDQ', 32, 'low'),
  ...unpack('PUNPCKLQDQ', 64, 'low'),
  ...unpack('PUNPCKHBW', 8, 'high'),
  ...unpack('PUNPCKHWD', 16, 'high'),
  ...unpack('PUNPCKHDQ', 32, 'high'),
  ...unpack('PUNPCKHQDQ', 64, 'high'),
  ...unpack('UNPCKLPS', 32, 'low'),
  ...unpack('UNPCKLPD', 64, 'low'),
  ...unpack('UNPCKHPS', 32, 'high'),
  ...unpack('UNPCKHPD', 64, 'high'),
  ...byteShift('PSLLDQ'),
  ...byteShift('PSRLDQ'),
  ...shuffle('PSHUFD'),
  ...shuffle('PSHUFW'),
  ...shuffle('PSHUFLW'),
  ...shuffle('PSHUFHW'),
  ...floatShuffle('SHUFPS'),
  ...floatShuffle('SHUFPD'),
  ...pshufb,
  ...palignr,
  ...extended,
  ...blendByRegister('PBLENDVB', 8),
  ...blendByRegister('BLENDVPS', 32),
  ...blendByRegister('BLENDVPD', 64),
  ...blendByImmediate('PBLENDW', 16),
  ...blendByImmediate('BLENDPS', 32),
  ...blendByImmediate('BLENDPD', 64),
  avxWithImmediate('VPBLENDD', 'VPBLENDD—Blend Packed Dwords', (m, a, b, how, part) =>
    blended(m, 32, a, b, how >> (part * 4)),
  ),
]
