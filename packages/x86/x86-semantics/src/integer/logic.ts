import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { equations, logic } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Operand, Place } from '../operand.ts'

type Sized = 8 | 16 | 32 | 64

const bitwise = (mnemonic: 'AND' | 'OR' | 'XOR', title: string, volume: '2A' | '2B' | '2D'): Instruction => {
  const operation = mnemonic.toLowerCase() as 'and' | 'or' | 'xor'
  return instruction(mnemonic, sdm(volume, '3.3', title), (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
    const result = m[operation](m.read(to), m.read(from))
    m.write(to, result)
    m.flags(logic(result))
  })
}

const test = instruction(
  'TEST',
  sdm('2B', '4.3', 'TEST—Logical Compare'),
  (m: Machine, a: Operand<Sized>, b: Operand<Sized>) => {
    m.flags(logic(m.and(m.read(a), m.read(b))))
  },
)

const not = instruction('NOT', sdm('2B', '4.3', "NOT—One's Complement Negation"), (m: Machine, to: Place<Sized>) => {
  m.write(to, m.not(m.read(to)))
})

/** CLC, STC, CMC: SDM 2A 3.3. */
const carry = (mnemonic: string, value: (m: Machine) => Bits<1>): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—Carry Flag`), (m: Machine) => {
    const CF = value(m)
    m.flags(equations({ CF: () => CF }))
  })

export const bitwiseLogic: readonly Instruction[] = [
  bitwise('AND', 'AND—Logical AND', '2A'),
  bitwise('OR', 'OR—Logical Inclusive OR', '2B'),
  bitwise('XOR', 'XOR—Logical Exclusive OR', '2D'),
  test,
  not,
  carry('CLC', (m) => m.constant(0, 1)),
  carry('STC', (m) => m.constant(1, 1)),
  carry('CMC', (m) => m.not(m.flag('CF'))),
]
