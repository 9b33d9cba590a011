import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { equations, logic, resultFlags } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr, type Memory, type Operand, type Place } from '../operand.ts'
import { requireReach } from '../reach.ts'
import { withVex } from './vex.ts'

type Sized = 16 | 32 | 64

type Change = 'BT' | 'BTS' | 'BTR' | 'BTC'

function changed(m: Machine, mnemonic: Change, a: Bits<Sized>, one: Bits<Sized>): Bits<Sized> {
  if (mnemonic === 'BTS') return m.or(a, one)
  return mnemonic === 'BTR' ? m.and(a, m.not(one)) : m.xor(a, one)
}

const testBit = (mnemonic: Change): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Bit Test`),
    (m: Machine, to: Place<Sized>, by: Operand<Sized | 8>) => {
      const { width } = to
      if (to.kind === 'memory' && by.kind === 'register') return testFarBit(m, mnemonic, to, by as Operand<Sized>)
      const a = m.read(to)
      const wide = m.zeroExtend(m.read(by), 64)
      const at = m.and(m.truncate(wide, width), m.constant(width - 1, width))
      const CF = m.bit(m.shiftRight(a, at), 0)
      if (mnemonic !== 'BT') m.write(to, changed(m, mnemonic, a, m.shiftLeft(m.constant(1, width), at)))
      m.flags(equations({ CF: () => CF }))
    },
  )

/** A bit offset in a register reaches memory on both sides of the operand: SDM 2A §3.1.1.9, Figure 3-2. */
function testFarBit(m: Machine, mnemonic: Change, to: Memory<Sized>, by: Operand<Sized>): void {
  const { width } = to
  const index = m.signExtend(m.read(by), 64)
  const unit = m.constant(Math.log2(width), 64)
  const distance = m.shiftLeft(m.shiftRightSigned(index, unit), m.constant(Math.log2(width / 8), 64))
  const offset = m.zeroExtend(m.truncate(m.add(m.address(to), distance), m.mode.addressSize), 64)
  const at = m.and(m.truncate(index, width), m.constant(width - 1, width))
  if (mnemonic !== 'BT')
    requireReach(m, offset, { bytes: width / 8, alignment: (width / 8) as 2 | 4 | 8, access: 'write' })
  const a = m.load('operand', offset, width) as Bits<Sized>
  const CF = m.bit(m.shiftRight(a, at), 0)
  if (mnemonic !== 'BT') m.store('operand', offset, changed(m, mnemonic, a, m.shiftLeft(m.constant(1, width), at)))
  m.flags(equations({ CF: () => CF }))
}

/** The other flags are undefined; a source of zero leaves the destination alone, as processors do. */
const scan = (mnemonic: 'BSF' | 'BSR'): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Bit Scan`),
    (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
      const { width } = to
      const a = m.read(from)
      const none = m.isZero(a)
      const found =
        mnemonic === 'BSF' ? m.countTrailingZeros(a) : m.sub(m.constant(width - 1, width), m.countLeadingZeros(a))
      m.when(m.not(none), () => m.write(to, found))
      m.flags(
        equations({
          ...resultFlags(m, a),
          ZF: () => none,
          CF: () => m.constant(0, 1),
          OF: () => m.constant(0, 1),
          AF: () => m.constant(0, 1),
        }),
      )
    },
  )

const count = (mnemonic: 'LZCNT' | 'TZCNT'): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Count Zero Bits`),
    (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
      const a = m.read(from)
      const result = mnemonic === 'LZCNT' ? m.countLeadingZeros(a) : m.countTrailingZeros(a)
      m.write(to, result)
      m.flags(equations({ CF: () => m.isZero(a), ZF: () => m.isZero(result) }))
    },
  )

const popcnt = instruction(
  'POPCNT',
  sdm('2B', '4.3', 'POPCNT—Return the Count of Number of Bits Set to 1'),
  (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
    const a = m.read(from)
    m.write(to, m.countOnes(a))
    const zero = () => m.constant(0, 1)
    m.flags(equations({ ZF: () => m.isZero(a), CF: zero, OF: zero, SF: zero, AF: zero, PF: zero }))
  },
)

const andn = instruction(
  'ANDN',
  sdm('2A', '3.3', 'ANDN—Logical AND NOT'),
  (m: Machine, to: Place<32 | 64>, a: Operand<32 | 64>, b: Operand<32 | 64>) => {
    const result = m.and(m.not(m.read(a)), m.read(b))
    m.write(to, result)
    m.flags(logic(result))
  },
)

const bextr = instruction(
  'BEXTR',
  sdm('2A', '3.3', 'BEXTR—Bit Field Extract'),
  (m: Machine, to: Place<32 | 64>, from: Operand<32 | 64>, how: Operand<32 | 64>) => {
    const { width } = to
    const control = m.read(how)
    const start = m.zeroExtend(m.truncate(control, 8), width)
    const length = m.zeroExtend(m.extract(control, 8, 8), width)
    const shifted = m.select(
      m.below(start, m.constant(width, width)),
      m.shiftRight(m.read(from), m.and(start, m.constant(width - 1, width))),
      m.constant(0, width),
    )
    const result = lowBits(m, shifted, length)
    m.write(to, result)
    m.flags(logic(result))
  },
)

/** The low `length` bits; all of them from the width up. */
function lowBits<W extends 32 | 64>(m: Machine, a: Bits<W>, length: Bits<W>): Bits<W> {
  const width = m.widthOf(a)
  const mask = m.sub(
    m.shiftLeft(m.constant(1, width), m.and(length, m.constant(width - 1, width))),
    m.constant(1, width),
  )
  return m.select(m.below(length, m.constant(width, width)), m.and(a, mask), a)
}

const bzhi = instruction(
  'BZHI',
  sdm('2A', '3.3', 'BZHI—Zero High Bits'),
  (m: Machine, to: Place<32 | 64>, from: Operand<32 | 64>, how: Operand<32 | 64>) => {
    const { width } = to
    const index = m.zeroExtend(m.truncate(m.read(how), 8), width)
    const result = lowBits(m, m.read(from), index)
    m.write(to, result)
    const zero = () => m.constant(0, 1)
    m.flags(
      equations({
        ...resultFlags(m, result),
        CF: () => m.below(m.constant(width - 1, width), index),
        OF: zero,
        AF: zero,
        PF: zero,
      }),
    )
  },
)

const lowest = (mnemonic: 'BLSR' | 'BLSMSK' | 'BLSI'): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Lowest Set Bit`),
    (m: Machine, to: Place<32 | 64>, from: Operand<32 | 64>) => {
      const a = m.read(from)
      const less = m.sub(a, m.constant(1, to.width))
      const result =
        mnemonic === 'BLSR' ? m.and(a, less) : mnemonic === 'BLSMSK' ? m.xor(a, less) : m.and(a, m.negate(a))
      m.write(to, result)
      const zero = () => m.constant(0, 1)
      const none = m.isZero(a)
      m.flags(
        equations({
          ...resultFlags(m, result),
          CF: () => (mnemonic === 'BLSI' ? m.not(none) : none),
          OF: zero,
          AF: zero,
          PF: zero,
        }),
      )
    },
  )

const mulx = instruction(
  'MULX',
  sdm('2B', '4.3', 'MULX—Unsigned Multiply Without Affecting Flags'),
  (m: Machine, high: Place<32 | 64>, low: Place<32 | 64>, from: Operand<32 | 64>) => {
    const [a, b] = [m.read(gpr('RDX', high.width)), m.read(from)]
    const [top, bottom] = [m.mulHighUnsigned(a, b), m.mul(a, b)]
    m.write(low, bottom)
    m.write(high, top)
  },
)

/** One mask bit a round: the lowest set one names where the next bit goes to, or comes from. */
const deposit = (mnemonic: 'PDEP' | 'PEXT'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Parallel Bits`),
    (m: Machine, to: Place<32 | 64>, from: Operand<32 | 64>, by: Operand<32 | 64>) => {
      const { width } = to
      const a = m.read(from)
      const [mask, result, place] = [
        m.variable(m.read(by)),
        m.variable(m.constant(0, width)),
        m.variable(m.constant(1, width)),
      ]
      m.loop(
        () => m.not(m.isZero(mask.get())),
        () => {
          const bit = m.and(mask.get(), m.negate(mask.get()))
          const [test, set] = mnemonic === 'PDEP' ? [place.get(), bit] : [bit, place.get()]
          const there = m.isZero(m.and(a, test))
          result.set(m.select(there, result.get(), m.or(result.get(), set)))
          place.set(m.shiftLeft(place.get(), m.constant(1, width)))
          mask.set(m.xor(mask.get(), bit))
        },
      )
      m.write(to, result.get())
    },
  )

/** CRC-32C, bit by bit, reflected: polynomial 11EDC6F41H. */
const crc32 = instruction(
  'CRC32',
  sdm('2A', '3.3', 'CRC32—Accumulate CRC32 Value'),
  (m: Machine, to: Place<32 | 64>, from: Operand<8 | 16 | 32 | 64>) => {
    const value = m.zeroExtend(m.read(from), 64)
    const sum = m.variable(m.xor(m.zeroExtend(m.truncate(m.read(to), 32), 64), value))
    const left = m.variable(m.constant(from.width, 8))
    m.loop(
      () => m.not(m.isZero(left.get())),
      () => {
        const odd = m.bit(sum.get(), 0)
        const half = m.shiftRight(sum.get(), m.constant(1, 64))
        sum.set(m.select(odd, m.xor(half, m.constant(0x82f6_3b78, 64)), half))
        left.set(m.sub(left.get(), m.constant(1, 8)))
      },
    )
    m.write(to, m.zeroExtend(m.truncate(sum.get(), 32), to.width))
  },
)

export const bitManipulation: readonly Instruction[] = [
  testBit('BT'),
  testBit('BTS'),
  testBit('BTR'),
  testBit('BTC'),
  scan('BSF'),
  scan('BSR'),
  count('LZCNT'),
  count('TZCNT'),
  popcnt,
  crc32,
  ...[andn, bextr, bzhi, lowest('BLSR'), lowest('BLSMSK'), lowest('BLSI'), mulx, deposit('PDEP'), deposit('PEXT')].map(
    withVex,
  ),
]
