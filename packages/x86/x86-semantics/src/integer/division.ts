import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { AH, gpr, type Operand } from '../operand.ts'
import { procedure } from '../procedure.ts'

type Sized = 8 | 16 | 32 | 64

/** The double-width dividend as one value where it fits in 64 bits. */
function dividend<W extends 16 | 32 | 64>(
  m: Machine,
  high: Bits<8 | 16 | 32>,
  low: Bits<8 | 16 | 32>,
  wide: W,
): Bits<W> {
  const half = wide / 2
  return m.or(m.shiftLeft(m.zeroExtend(high, wide) as never, m.constant(half, wide) as never), m.zeroExtend(low, wide))
}

/** Unsigned 128 by 64 bits, one quotient bit a round. The high half is below the divisor. */
const divide128 = procedure('divide128', [64, 64, 64], [64, 64], (m, high, low, divisor) => {
  const one = m.constant(1, 64)
  const [rest, quotient, count] = [m.variable(high), m.variable(low), m.variable(m.constant(64, 64))]
  m.when(
    m.isZero(high),
    () => {
      rest.set(m.remUnsigned(low, divisor))
      quotient.set(m.divUnsigned(low, divisor))
    },
    () =>
      m.loop(
        () => m.not(m.isZero(count.get())),
        () => {
          const carried = m.bit(rest.get(), -1)
          const shifted = m.or(m.shiftLeft(rest.get(), one), m.zeroExtend(m.bit(quotient.get(), -1), 64))
          const fits = m.or(carried, m.not(m.below(shifted, divisor)))
          const bit = m.zeroExtend(fits, 64)
          quotient.set(m.or(m.shiftLeft(quotient.get(), one), bit))
          rest.set(m.select(fits, m.sub(shifted, divisor), shifted))
          count.set(m.sub(count.get(), one))
        },
      ),
  )
  return [quotient.get(), rest.get()]
})

function divideUnsigned(m: Machine, from: Operand<Sized>): void {
  const divisor = m.read(from)
  const { width } = from
  if (width === 64) {
    const [high, low] = [m.read(gpr('RDX', 64)), m.read(gpr('RAX', 64))]
    m.when(m.not(m.below(high, divisor as Bits<64>)), () => m.fault('DE'))
    const [quotient, rest] = m.call(divide128, high, low, divisor as Bits<64>)
    return store(m, 64, quotient, rest)
  }
  const wide = (width * 2) as 16 | 32 | 64
  const [high, low] = [m.read(width === 8 ? AH : gpr('RDX', width)), m.read(gpr('RAX', width))] as [Bits<8>, Bits<8>]
  m.when(m.not(m.below(high, divisor as Bits<8>)), () => m.fault('DE'))
  const [all, by] = [dividend(m, high as never, low as never, wide), m.zeroExtend(divisor, wide)]
  store(m, width, m.truncate(m.divUnsigned(all, by), width), m.truncate(m.remUnsigned(all, by), width))
}

function store<W extends Sized>(m: Machine, width: W, quotient: Bits<W>, rest: Bits<W>): void {
  m.write(gpr('RAX', width), quotient)
  m.write(width === 8 ? (AH as never) : gpr('RDX', width), rest)
}

/** Signed division by magnitudes: the quotient truncates towards zero, the remainder has the dividend's sign. */
function divideSigned64(m: Machine, from: Operand<64>): void {
  const [divisor, high, low] = [m.read(from), m.read(gpr('RDX', 64)), m.read(gpr('RAX', 64))]
  const [negative, divisorNegative] = [m.bit(high, -1), m.bit(divisor, -1)]
  const size = m.select(divisorNegative, m.negate(divisor), divisor)
  const lowSize = m.select(negative, m.negate(low), low)
  const borrow = m.zeroExtend(m.isZero(low), 64)
  const highSize = m.select(negative, m.add(m.not(high), borrow), high)
  m.when(m.not(m.below(highSize, size)), () => m.fault('DE'))
  const [quotient, rest] = m.call(divide128, highSize, lowSize, size)
  const unlike = m.xor(negative, divisorNegative)
  const limit = m.add(m.constant((1n << 63n) - 1n, 64), m.zeroExtend(unlike, 64))
  m.when(m.below(limit, quotient), () => m.fault('DE'))
  store(m, 64, m.select(unlike, m.negate(quotient), quotient), m.select(negative, m.negate(rest), rest))
}

function divideSigned(m: Machine, from: Operand<8 | 16 | 32>): void {
  const { width } = from
  const wide = (width * 2) as 16 | 32 | 64
  const divisor = m.read(from)
  const [high, low] = [m.read(width === 8 ? AH : gpr('RDX', width)), m.read(gpr('RAX', width))] as [Bits<8>, Bits<8>]
  m.when(m.isZero(divisor), () => m.fault('DE'))
  const [all, by] = [dividend(m, high as never, low as never, wide), m.signExtend(divisor, wide)]
  const lowest = m.equal(all, m.constant(1n << BigInt(wide - 1), wide))
  m.when(m.and(lowest, m.equal(by, m.constant(-1, wide))), () => m.fault('DE'))
  const quotient = m.divSigned(all, by)
  const kept = m.truncate(quotient, width)
  m.when(m.not(m.equal(m.signExtend(kept, wide), quotient)), () => m.fault('DE'))
  store(m, width, kept as never, m.truncate(m.remSigned(all, by), width) as never)
}

const div = instruction('DIV', sdm('2A', '3.3', 'DIV—Unsigned Divide'), divideUnsigned)

const idiv = instruction('IDIV', sdm('2A', '3.3', 'IDIV—Signed Divide'), (m: Machine, from: Operand<Sized>) => {
  if (from.width === 64) divideSigned64(m, from as Operand<64>)
  else divideSigned(m, from as Operand<8 | 16 | 32>)
})

export const division: readonly Instruction[] = [div, idiv]
