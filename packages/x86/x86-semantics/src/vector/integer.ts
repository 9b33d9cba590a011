import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Immediate } from '../operand.ts'
import type { Lane, LaneOperation } from '../vector-algebra.ts'
import { type AnyVector, type AnyVectorPlace, avx, type Parts, readParts, writeParts, zipParts } from './avx.ts'
import { avxBinary, binary, withImmediate } from './binary.ts'
import { aligned, begin, end, join, read128, type Vector, type VectorPlace, write128, zero128 } from './operand.ts'

type Two = (m: Machine, a: Bits<128>, b: Bits<128>) => Bits<128>

const zip = (mnemonic: string, lane: Lane, operation: LaneOperation): readonly Instruction[] =>
  binary(mnemonic, (m, a, b) => m.vector.zip(lane, operation, a, b))

const sized = (stem: string, lanes: readonly Lane[], operation: LaneOperation, suffix = ''): Instruction[] =>
  lanes.flatMap((lane) => zip(`${stem}${{ 8: 'B', 16: 'W', 32: 'D', 64: 'Q' }[lane]}${suffix}`, lane, operation))

const bitwise = (mnemonics: readonly string[], of: Two): Instruction[] =>
  mnemonics.flatMap((mnemonic) => binary(mnemonic, of))

type ShiftLane = 16 | 32 | 64
type Direction = 'left' | 'right' | 'rightSigned'

/** From the lane's width up everything is shifted out. */
function shifter(m: Machine, lane: ShiftLane, direction: Direction, count: Bits<64>): (a: Bits<128>) => Bits<128> {
  const tooFar = m.below(m.constant(lane - 1, 64), count)
  const most = m.truncate(m.select(tooFar, m.constant(lane - 1, 64), count), 32)
  return (a) => {
    const shifted = m.vector.shift(lane, direction, a, most)
    return direction === 'rightSigned' ? shifted : m.select(tooFar, zero128(m), shifted)
  }
}

/** The count is 64 bits of a register or memory, or an immediate. */
const countOf = (m: Machine, by: Vector | Immediate<8>): Bits<64> =>
  by.kind === 'immediate' ? m.zeroExtend(m.read(by), 64) : m.vector.lane(64, read128(m, by as Vector), 0)

const shift = (mnemonic: string, lane: ShiftLane, direction: Direction): readonly Instruction[] => {
  const source = sdm('2B', '4.3', `${mnemonic}—Shift Packed Data`)
  return [
    instruction(mnemonic, source, (m: Machine, to: VectorPlace, by: Vector | Immediate<8>) => {
      begin(m, to)
      if (by.kind !== 'immediate') aligned(m, by)
      const shifted = shifter(m, lane, direction, countOf(m, by))
      write128(m, to, shifted(read128(m, to)))
      end(m, to)
    }),
    avx(`V${mnemonic}`, source, (m: Machine, to: AnyVectorPlace, from: AnyVector, by: Vector | Immediate<8>) =>
      writeParts(m, to, readParts(m, from).map(shifter(m, lane, direction, countOf(m, by)))),
    ),
  ]
}

/** Each lane by a count of its own. */
const shiftEach = (mnemonic: string, lane: 32 | 64, direction: Direction): Instruction =>
  avxBinary(mnemonic, (m, a, counts) => {
    let result = a
    for (let index = 0; index < 128 / lane; index += 1) {
      const count = m.vector.lane(lane, counts, index)
      const far = m.below(m.constant(lane - 1, 64), count)
      const most = m.select(far, m.constant(lane - 1, 64), count)
      const value = m.vector.lane(lane, a, index)
      const signed = lane === 32 ? m.signExtend(m.truncate(value, 32), 64) : value
      const shifted = { left: () => m.shiftLeft(value, most), right: () => m.shiftRight(value, most) }
      const moved = direction === 'rightSigned' ? m.shiftRightSigned(signed, most) : shifted[direction]()
      const kept = direction === 'rightSigned' ? moved : m.select(far, m.constant(0, 64), moved)
      result = m.vector.withLane(lane, result, index, kept)
    }
    return result
  })

/** Neighbouring lanes combined: the destination's pairs low, the source's high. */
const horizontal = (mnemonic: string, lane: 16 | 32, operation: LaneOperation): readonly Instruction[] =>
  binary(mnemonic, (m, a, b, width) => {
    const bytes = lane / 8
    const [x, y] = width === 128 ? [a, b] : [join(m, a, b), join(m, a, b)]
    const pick = (odd: number) =>
      m.vector.shuffle(
        x,
        y,
        Array.from({ length: 16 }, (_, index) => Math.floor(index / bytes) * 2 * bytes + odd * bytes + (index % bytes)),
      )
    return m.vector.zip(lane, operation, pick(0), pick(1))
  })

/** Negates where the source is negative, clears where it is zero. */
const sign = (mnemonic: string, lane: 8 | 16 | 32): readonly Instruction[] =>
  binary(mnemonic, (m, a, b) => {
    const zero = zero128(m)
    const negative = m.vector.zip(lane, 'greaterS', zero, b)
    const none = m.vector.zip(lane, 'equal', b, zero)
    const negated = m.vector.zip(lane, 'sub', zero, a)
    const chosen = m.or(m.and(negated, negative), m.and(a, m.not(negative)))
    return m.and(chosen, m.not(none))
  })

const absolute = (mnemonic: string, lane: 8 | 16 | 32): readonly Instruction[] =>
  binary(mnemonic, (m, _a, b) => m.vector.absolute(lane, b))

/** Sums of eight absolute byte differences, one for each half. */
const psadbw = binary('PSADBW', (m, a, b) => {
  const difference = m.or(m.vector.zip(8, 'subSaturateU', a, b), m.vector.zip(8, 'subSaturateU', b, a))
  let result = zero128(m)
  for (let half = 0; half < 2; half += 1) {
    let sum = m.constant(0, 64)
    for (let index = 0; index < 8; index += 1) sum = m.add(sum, m.vector.lane(8, difference, half * 8 + index))
    result = m.vector.withLane(64, result, half, sum)
  }
  return result
})

const high8 = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]
const upper = (m: Machine, a: Bits<128>): Bits<128> => m.vector.shuffle(a, a, high8)

/** Unsigned bytes of the destination times signed bytes of the source, neighbours added with saturation. */
const pmaddubsw = binary('PMADDUBSW', (m, a, b, width) => {
  const products = (x: Bits<128>, y: Bits<128>) =>
    m.vector.zip(16, 'mul', m.vector.widenLow(8, 'unsigned', x), m.vector.widenLow(8, 'signed', y))
  const low = products(a, b)
  const high = width === 128 ? products(upper(m, a), upper(m, b)) : low
  const pick = (odd: number) =>
    m.vector.shuffle(
      low,
      high,
      Array.from({ length: 16 }, (_, index) => Math.floor(index / 2) * 4 + odd * 2 + (index % 2)),
    )
  return m.vector.zip(16, 'addSaturateS', pick(0), pick(1))
})

/** Rounded high part of a 16-bit product: (a * b + 4000H) >> 15. */
const pmulhrsw = binary('PMULHRSW', (m, a, b) => {
  const products = (x: Bits<128>, y: Bits<128>) => {
    const wide = m.vector.zip(32, 'mul', m.vector.widenLow(16, 'signed', x), m.vector.widenLow(16, 'signed', y))
    const rounded = m.vector.zip(32, 'add', wide, m.vector.splat(32, m.constant(0x4000, 64)))
    return m.vector.shift(32, 'rightSigned', rounded, m.constant(15, 32))
  }
  const pattern = Array.from({ length: 16 }, (_, index) => Math.floor(index / 2) * 4 + (index % 2))
  return m.vector.shuffle(products(a, b), products(upper(m, a), upper(m, b)), pattern)
})

const anySet = (m: Machine, value: Bits<128>): Bits<1> =>
  m.not(m.isZero(m.or(m.vector.lane(64, value, 0), m.vector.lane(64, value, 1))))

/** ZF says that no bit of `mask` is in both, CF that none is in the second alone. */
function testFlags(m: Machine, first: Parts, second: Parts, mask?: Bits<128>): void {
  const masked = (value: Bits<128>) => (mask === undefined ? value : m.and(value, mask))
  const any = (parts: Parts) => anySet(m, masked(parts.reduce((all, part) => m.or(all, part))))
  const none = () => m.constant(0, 1)
  m.flags(
    equations({
      ZF: () => m.not(any(zipParts(first, second, (x, y) => m.and(x, y)))),
      CF: () => m.not(any(zipParts(first, second, (x, y) => m.and(m.not(x), y)))),
      OF: none,
      SF: none,
      AF: none,
      PF: none,
    }),
  )
}

const ptest = instruction('PTEST', sdm('2B', '4.3', 'PTEST—Logical Compare'), (m: Machine, a: Vector, b: Vector) => {
  begin(m, a)
  aligned(m, b)
  testFlags(m, [read128(m, a)], [read128(m, b)])
})

const vptest = avx('VPTEST', sdm('2B', '4.3', 'PTEST—Logical Compare'), (m: Machine, a: AnyVector, b: AnyVector) =>
  testFlags(m, readParts(m, a), readParts(m, b)),
)

/** Signs of lanes alone. */
const testSigns = (mnemonic: 'VTESTPS' | 'VTESTPD', lane: 32 | 64): Instruction =>
  avx(mnemonic, sdm('2D', '5.3', 'VTESTPD/VTESTPS—Packed Bit Test'), (m: Machine, a: AnyVector, b: AnyVector) =>
    testFlags(m, readParts(m, a), readParts(m, b), m.vector.splat(lane, m.constant(1n << BigInt(lane - 1), 64))),
  )

/** The smallest of eight words, and where it is. */
const phminposuw = binary('PHMINPOSUW', (m, _a, b) => {
  let [least, place] = [m.vector.lane(16, b, 0), m.constant(0, 64)]
  for (let index = 1; index < 8; index += 1) {
    const value = m.vector.lane(16, b, index)
    const smaller = m.below(value, least)
    least = m.select(smaller, value, least)
    place = m.select(smaller, m.constant(index, 64), place)
  }
  return m.vector.withLane(16, m.vector.withLane(16, zero128(m), 0, least), 1, place)
})

/** Eight sums of four absolute differences against one group of the source. Each part has three bits of the immediate. */
const mpsadbw = withImmediate(
  'MPSADBW',
  'MPSADBW—Compute Multiple Packed Sums of Absolute Difference',
  (m, a, b, immediate, part) => {
    const control = immediate >> (part * 3)
    let result = zero128(m)
    for (let word = 0; word < 8; word += 1) {
      let sum = m.constant(0, 64)
      for (let byte = 0; byte < 4; byte += 1) {
        const x = m.vector.lane(8, a, ((control >> 2) & 1) * 4 + word + byte)
        const y = m.vector.lane(8, b, (control & 3) * 4 + byte)
        sum = m.add(sum, m.select(m.below(x, y), m.sub(y, x), m.sub(x, y)))
      }
      result = m.vector.withLane(16, result, word, sum)
    }
    return result
  },
)

export const vectorInteger: readonly Instruction[] = [
  ...sized('PADD', [8, 16, 32, 64], 'add'),
  ...sized('PSUB', [8, 16, 32, 64], 'sub'),
  ...sized('PADDS', [8, 16], 'addSaturateS'),
  ...sized('PADDUS', [8, 16], 'addSaturateU'),
  ...sized('PSUBS', [8, 16], 'subSaturateS'),
  ...sized('PSUBUS', [8, 16], 'subSaturateU'),
  ...sized('PCMPEQ', [8, 16, 32, 64], 'equal'),
  ...sized('PCMPGT', [8, 16, 32, 64], 'greaterS'),
  ...sized('PMINS', [8, 16, 32], 'minS'),
  ...sized('PMINU', [8, 16, 32], 'minU'),
  ...sized('PMAXS', [8, 16, 32], 'maxS'),
  ...sized('PMAXU', [8, 16, 32], 'maxU'),
  ...sized('PAVG', [8, 16], 'averageU'),
  ...zip('PMULLW', 16, 'mul'),
  ...zip('PMULLD', 32, 'mul'),
  ...zip('PMULHW', 16, 'mulHighS'),
  ...zip('PMULHUW', 16, 'mulHighU'),
  ...binary('PMULUDQ', (m, a, b) => m.vector.multiplyEven('unsigned', a, b)),
  ...binary('PMULDQ', (m, a, b) => m.vector.multiplyEven('signed', a, b)),
  ...binary('PMADDWD', (m, a, b) => m.vector.multiplyAdd(a, b)),
  ...pmaddubsw,
  ...pmulhrsw,
  ...psadbw,
  ...mpsadbw,
  ...phminposuw,
  ...bitwise(['PAND', 'ANDPS', 'ANDPD'], (m, a, b) => m.and(a, b)),
  ...bitwise(['POR', 'ORPS', 'ORPD'], (m, a, b) => m.or(a, b)),
  ...bitwise(['PXOR', 'XORPS', 'XORPD'], (m, a, b) => m.xor(a, b)),
  ...bitwise(['PANDN', 'ANDNPS', 'ANDNPD'], (m, a, b) => m.and(m.not(a), b)),
  ...shift('PSLLW', 16, 'left'),
  ...shift('PSLLD', 32, 'left'),
  ...shift('PSLLQ', 64, 'left'),
  ...shift('PSRLW', 16, 'right'),
  ...shift('PSRLD', 32, 'right'),
  ...shift('PSRLQ', 64, 'right'),
  ...shift('PSRAW', 16, 'rightSigned'),
  ...shift('PSRAD', 32, 'rightSigned'),
  ...horizontal('PHADDW', 16, 'add'),
  ...horizontal('PHADDD', 32, 'add'),
  ...horizontal('PHADDSW', 16, 'addSaturateS'),
  ...horizontal('PHSUBW', 16, 'sub'),
  ...horizontal('PHSUBD', 32, 'sub'),
  ...horizontal('PHSUBSW', 16, 'subSaturateS'),
  ...sign('PSIGNB', 8),
  ...sign('PSIGNW', 16),
  ...sign('PSIGND', 32),
  ...absolute('PABSB', 8),
  ...absolute('PABSW', 16),
  ...absolute('PABSD', 32),
  shiftEach('VPSLLVD', 32, 'left'),
  shiftEach('VPSLLVQ', 64, 'left'),
  shiftEach('VPSRLVD', 32, 'right'),
  shiftEach('VPSRLVQ', 64, 'right'),
  shiftEach('VPSRAVD', 32, 'rightSigned'),
  ptest,
  vptest,
  testSigns('VTESTPS', 32),
  testSigns('VTESTPD', 64),
]
