import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { equations, type FlagsOf, leftShift, resultFlags, rightShift, signedRightShift } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Operand, Place } from '../operand.ts'
import { withVex } from './vex.ts'

type Sized = 8 | 16 | 32 | 64

/** Counts are taken modulo 32, for 64-bit operands modulo 64. */
function countOf(m: Machine, width: Sized, by: Operand<8>): Bits<8> {
  return m.and(m.read(by), m.constant(width === 64 ? 63 : 31, 8))
}

const nonZero = (m: Machine, count: Bits<8>): Bits<1> => m.not(m.isZero(count))

/** What a shift gives, and its flags. */
interface Shifting {
  readonly result: <W extends Sized>(m: Machine, a: Bits<W>, count: Bits<W>) => Bits<W>
  readonly flags: <W extends Sized>(a: Bits<W>, count: Bits<W>) => FlagsOf
}

/** A shift by a count of zero changes nothing, not even flags; the destination is still written. */
const shift = (mnemonic: 'SHL' | 'SHR' | 'SAR', { result, flags }: Shifting): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', 'SAL/SAR/SHL/SHR—Shift'), (m: Machine, to: Place<Sized>, by: Operand<8>) => {
    const a = m.read(to)
    const count = countOf(m, to.width, by)
    const wide = m.zeroExtend(count, to.width)
    m.write(to, result(m, a, wide))
    m.when(nonZero(m, count), () => m.flags(flags(a, wide)))
  })

/** Rotates touch only CF and OF; a count that is zero after masking touches neither. */
const rotate = (mnemonic: 'ROL' | 'ROR'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', 'RCL/RCR/ROL/ROR—Rotate'), (m: Machine, to: Place<Sized>, by: Operand<8>) => {
    const a = m.read(to)
    const count = countOf(m, to.width, by)
    const wide = m.zeroExtend(count, to.width)
    const result = mnemonic === 'ROL' ? m.rotateLeft(a, wide) : m.rotateRight(a, wide)
    m.write(to, result)
    const CF = mnemonic === 'ROL' ? m.bit(result, 0) : m.bit(result, -1)
    const OF = mnemonic === 'ROL' ? m.xor(m.bit(result, -1), CF) : m.xor(m.bit(result, -1), m.bit(result, to.width - 2))
    m.when(nonZero(m, count), () => m.flags(equations({ CF: () => CF, OF: () => OF })))
  })

/** RCL and RCR rotate through CF, one bit a round: at most 64 rounds, counts modulo width + 1 for 8 and 16 bits. */
const rotateThroughCarry = (mnemonic: 'RCL' | 'RCR'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', 'RCL/RCR/ROL/ROR—Rotate'), (m: Machine, to: Place<Sized>, by: Operand<8>) => {
    const { width } = to
    const a = m.read(to)
    const masked = countOf(m, width, by)
    const count = width < 32 ? m.remUnsigned(masked, m.constant(width + 1, 8)) : masked
    const [value, carry, left] = [m.variable(a), m.variable(m.flag('CF')), m.variable(count)]
    const one = m.constant(1, width)
    m.loop(
      () => m.not(m.isZero(left.get())),
      () => {
        const [now, out] = [value.get(), mnemonic === 'RCL' ? m.bit(value.get(), -1) : m.bit(value.get(), 0)]
        const incoming = m.zeroExtend(carry.get(), width)
        value.set(
          mnemonic === 'RCL'
            ? m.or(m.shiftLeft(now, one), incoming)
            : m.or(m.shiftRight(now, one), m.shiftLeft(incoming, m.constant(width - 1, width))),
        )
        carry.set(out)
        left.set(m.sub(left.get(), m.constant(1, 8)))
      },
    )
    const [result, CF] = [value.get(), carry.get()]
    m.write(to, result)
    const OF = mnemonic === 'RCL' ? m.xor(m.bit(result, -1), CF) : m.xor(m.bit(result, -1), m.bit(result, width - 2))
    m.when(nonZero(m, masked), () => m.flags(equations({ CF: () => CF, OF: () => OF })))
  })

/** Counts above 16 for 16-bit operands are undefined; we go on as a 32-bit register of both operands would. */
const doubleShift = (mnemonic: 'SHLD' | 'SHRD'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Double Precision Shift`),
    (m: Machine, to: Place<16 | 32 | 64>, from: Operand<16 | 32 | 64>, by: Operand<8>) => {
      const { width } = to
      const [a, b] = [m.read(to), m.read(from)]
      const count = countOf(m, width, by)
      const { result, CF } =
        width === 16
          ? doubled16(m, mnemonic, a as never, b as never, count)
          : doubled(m, mnemonic, a as never, b as never, count)
      m.write(to, result as never)
      m.when(nonZero(m, count), () =>
        m.flags(
          equations({
            CF: () => CF,
            OF: () => m.bit(m.xor(a, result as never), -1),
            AF: () => m.constant(0, 1),
            ...resultFlags(m, result as never),
          }),
        ),
      )
    },
  )

interface Doubled {
  readonly result: Bits<32>
  readonly CF: Bits<1>
}

function doubled(m: Machine, mnemonic: 'SHLD' | 'SHRD', a: Bits<32>, b: Bits<32>, by: Bits<8>): Doubled {
  const width = m.widthOf(a)
  const count = m.zeroExtend(by, width)
  const mask = m.constant(width - 1, width)
  const rest = m.and(m.sub(m.constant(width, width), count), mask)
  const none = m.isZero(by)
  const left = mnemonic === 'SHLD'
  const shifted = left
    ? m.or(m.shiftLeft(a, count), m.shiftRight(b, rest))
    : m.or(m.shiftRight(a, count), m.shiftLeft(b, rest))
  const result = m.select(none, a, shifted)
  const before = m.and(m.sub(count, m.constant(1, width)), mask)
  const CF = left ? m.bit(m.shiftRight(a, rest), 0) : m.bit(m.shiftRight(a, before), 0)
  return { result, CF }
}

function doubled16(m: Machine, mnemonic: 'SHLD' | 'SHRD', a: Bits<16>, b: Bits<16>, by: Bits<8>): Doubled {
  const join = (high: Bits<16>, low: Bits<16>) =>
    m.or(m.shiftLeft(m.zeroExtend(high, 64), m.constant(16, 64)), m.zeroExtend(low, 64))
  const count = m.zeroExtend(by, 64)
  // three copies: what runs past the second operand comes round from the first
  if (mnemonic === 'SHLD') {
    const all = m.shiftLeft(m.or(m.shiftLeft(join(a, b), m.constant(16, 64)), m.zeroExtend(a, 64)), count)
    return { result: m.extract(all, 32, 16) as never, CF: m.bit(all, 48) }
  }
  const all = m.or(m.shiftLeft(m.zeroExtend(a, 64), m.constant(32, 64)), join(b, a))
  const before = m.and(m.sub(count, m.constant(1, 64)), m.constant(63, 64))
  return { result: m.truncate(m.shiftRight(all, count), 16) as never, CF: m.bit(m.shiftRight(all, before), 0) }
}

/** BMI2 shifts take any register as the count and touch no flags. */
const flagless = (mnemonic: 'SHLX' | 'SHRX' | 'SARX'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', 'SARX/SHLX/SHRX—Shift Without Affecting Flags'),
    (m: Machine, to: Place<32 | 64>, from: Operand<32 | 64>, by: Operand<32 | 64>) => {
      const count = m.and(m.read(by), m.constant(to.width - 1, to.width))
      const operation = { SHLX: m.shiftLeft, SHRX: m.shiftRight, SARX: m.shiftRightSigned }[mnemonic]
      m.write(to, operation(m.read(from), count))
    },
  )

const rorx = instruction(
  'RORX',
  sdm('2B', '4.3', 'RORX—Rotate Right Logical Without Affecting Flags'),
  (m: Machine, to: Place<32 | 64>, from: Operand<32 | 64>, by: Operand<8>) => {
    const count = m.and(m.read(by), m.constant(to.width - 1, 8))
    m.write(to, m.rotateRight(m.read(from), m.zeroExtend(count, to.width)))
  },
)

export const shifts: readonly Instruction[] = [
  shift('SHL', { result: (m, a, count) => m.shiftLeft(a, count), flags: leftShift }),
  shift('SHR', { result: (m, a, count) => m.shiftRight(a, count), flags: rightShift }),
  shift('SAR', { result: (m, a, count) => m.shiftRightSigned(a, count), flags: signedRightShift }),
  rotate('ROL'),
  rotate('ROR'),
  rotateThroughCarry('RCL'),
  rotateThroughCarry('RCR'),
  doubleShift('SHLD'),
  doubleShift('SHRD'),
  withVex(flagless('SHLX')),
  withVex(flagless('SHRX')),
  withVex(flagless('SARX')),
  withVex(rorx),
]
