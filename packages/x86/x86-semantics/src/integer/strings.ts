import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { subtraction } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr } from '../operand.ts'

type Sized = 8 | 16 | 32 | 64

/** A mnemonic ending in B works on bytes, the others on operands of the operand size. */
const elementWidth = (m: Machine, byte: boolean): Sized => (byte ? 8 : m.mode.operandSize)

const pointer = (m: Machine, name: 'RSI' | 'RDI'): Bits<64> => m.zeroExtend(m.read(gpr(name, m.mode.addressSize)), 64)

/** Plus or minus the element's size, by DF. */
export function stepOf(m: Machine, width: Sized): Bits<64> {
  const bytes = m.constant(width / 8, 64)
  return m.select(m.bit(m.get('RFLAGS'), 10), m.negate(bytes), bytes)
}

/** Moves RSI or RDI by a distance, within the address size. */
export function advance(m: Machine, name: 'RSI' | 'RDI', by: Bits<64>): void {
  const register = gpr(name, m.mode.addressSize)
  m.write(register, m.add(m.read(register), m.truncate(by, m.mode.addressSize)))
}

/**
 * Repeats by running the instruction again: after each run that leaves RCX above zero (and, for compares, ZF as the
 * prefix asks). RCX of zero does nothing. `done` is how many elements a run did.
 */
export function repeated(m: Machine, once: (count: Bits<64>) => Bits<64>, goesOn?: () => Bits<1>): void {
  if (m.mode.rep === 'none') {
    once(m.constant(1, 64))
    return
  }
  const counter = gpr('RCX', m.mode.addressSize)
  const count = m.read(counter)
  m.when(
    m.not(m.isZero(count)),
    () => {
      const done = once(m.zeroExtend(count, 64))
      const left = m.sub(count, m.truncate(done, m.mode.addressSize))
      m.write(counter, left)
      const more = m.not(m.isZero(left))
      const again = goesOn === undefined ? more : m.and(more, goesOn())
      m.set('REPEATING', m.zeroExtend(again, 8))
      m.when(again, () => m.again())
    },
    () => m.set('REPEATING', m.constant(0, 8)),
  )
}

const movs = (mnemonic: 'MOVSB' | 'MOVS'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', 'MOVS—Move Data From String to String'), (m: Machine) => {
    const width = elementWidth(m, mnemonic === 'MOVSB')
    const step = stepOf(m, width)
    repeated(m, (count) => {
      const [from, to] = [pointer(m, 'RSI'), pointer(m, 'RDI')]
      const many = m.mode.rep === 'none' ? m.constant(1, 64) : count
      const done = m.bulk(
        { kind: 'move', width, from: { segment: 'operand', offset: from }, to: { segment: 'ES', offset: to }, step },
        many,
      )
      advance(m, 'RSI', m.mul(step, done))
      advance(m, 'RDI', m.mul(step, done))
      return done
    })
  })

const stos = (mnemonic: 'STOSB' | 'STOS'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', 'STOS—Store String'), (m: Machine) => {
    const width = elementWidth(m, mnemonic === 'STOSB')
    const step = stepOf(m, width)
    const value = m.zeroExtend(m.read(gpr('RAX', width)), 64)
    repeated(m, (count) => {
      const done = m.bulk({ kind: 'fill', width, to: { segment: 'ES', offset: pointer(m, 'RDI') }, value, step }, count)
      advance(m, 'RDI', m.mul(step, done))
      return done
    })
  })

const lods = (mnemonic: 'LODSB' | 'LODS'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', 'LODS—Load String'), (m: Machine) => {
    const width = elementWidth(m, mnemonic === 'LODSB')
    repeated(m, () => {
      const value = m.load('operand', pointer(m, 'RSI'), width)
      m.write(gpr('RAX', width), value)
      advance(m, 'RSI', stepOf(m, width))
      return m.constant(1, 64)
    })
  })

/** REPE goes on while equal, REPNE while not. */
const whileFlag =
  (m: Machine): (() => Bits<1>) =>
  () =>
    m.mode.rep === 'repne' ? m.not(m.flag('ZF')) : m.flag('ZF')

const scas = (mnemonic: 'SCASB' | 'SCAS'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', 'SCAS—Scan String'), (m: Machine) => {
    const width = elementWidth(m, mnemonic === 'SCASB')
    repeated(
      m,
      () => {
        const value = m.load('ES', pointer(m, 'RDI'), width)
        m.flags(subtraction(m.read(gpr('RAX', width)), value))
        advance(m, 'RDI', stepOf(m, width))
        return m.constant(1, 64)
      },
      whileFlag(m),
    )
  })

const cmps = (mnemonic: 'CMPSB' | 'CMPS'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', 'CMPS—Compare String Operands'), (m: Machine) => {
    const width = elementWidth(m, mnemonic === 'CMPSB')
    repeated(
      m,
      () => {
        const [a, b] = [m.load('operand', pointer(m, 'RSI'), width), m.load('ES', pointer(m, 'RDI'), width)]
        m.flags(subtraction(a, b))
        const step = stepOf(m, width)
        advance(m, 'RSI', step)
        advance(m, 'RDI', step)
        return m.constant(1, 64)
      },
      whileFlag(m),
    )
  })

export const strings: readonly Instruction[] = [
  movs('MOVSB'),
  movs('MOVS'),
  stos('STOSB'),
  stos('STOS'),
  lods('LODSB'),
  lods('LODS'),
  scas('SCASB'),
  scas('SCAS'),
  cmps('CMPSB'),
  cmps('CMPS'),
]
