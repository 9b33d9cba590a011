import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Memory, RegisterOperand } from '../operand.ts'
import { type Answer, compute, contentOf, memoryValue, underflow, unlessFault, type Value } from './answer.ts'
import { fetch, formatOf, indexOf, type Source } from './arithmetic.ts'
import { beginX87, isInUse, notePointers, physicalOf, pop, report, status } from './stack.ts'
import type { X87Format } from './x87-operations.rows.ts'

const { C0, C1, C2, C3 } = status
const relation = C0 | C2 | C3
type Comparison = 'FCOM' | 'FUCOM'

interface Compared {
  readonly operation: Comparison
  readonly sources: readonly Bits<8>[]
  readonly b: Value
  readonly format?: X87Format
}

/** ST(0) against something else. A stack fault says "unordered". */
function compared(m: Machine, { operation, sources, b, format }: Compared): Answer {
  const run = () => compute(m, operation, contentOf(m, physicalOf(m, 0)), b, format)
  return unlessFault(m, [underflow(m, sources, relation)], run)
}

/** C3, C2 and C0 tell the relation; then the stack is popped. */
function conclude(m: Machine, answer: Answer, pops: number): void {
  report(m, answer.status, relation | C1)
  m.when(answer.written, () => pop(m, pops))
}

const compare = (mnemonic: string, operation: Comparison, pops = 0): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine, ...[from]: readonly Source[]) => {
    beginX87(m)
    const top = physicalOf(m, 0)
    if (from?.kind === 'memory') {
      const b = fetch(m, from)
      const format = formatOf('float', from.width)
      return conclude(m, compared(m, { operation, sources: [top], b, format }), pops)
    }
    notePointers(m)
    const other = physicalOf(m, from === undefined ? 1 : indexOf(from))
    conclude(m, compared(m, { operation, sources: [top, other], b: contentOf(m, other) }), pops)
  })

const withInteger = (mnemonic: string, pops: number): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine, from: Memory<16 | 32>) => {
    beginX87(m)
    const b = fetch(m, from)
    const format = formatOf('integer', from.width)
    conclude(m, compared(m, { operation: 'FCOM', sources: [physicalOf(m, 0)], b, format }), pops)
  })

const ftst = instruction('FTST', sdm('2A', '3.3', 'FTST—TEST'), (m: Machine) => {
  beginX87(m)
  notePointers(m)
  const zero = memoryValue(m, m.constant(0, 64))
  conclude(m, compared(m, { operation: 'FCOM', sources: [physicalOf(m, 0)], b: zero }), 0)
})

/** ZF, PF and CF tell the relation; the others are cleared. */
const compareInFlags = (mnemonic: string, operation: Comparison, pops = 0): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Compare Floating-Point Values and Set EFLAGS`),
    (m: Machine, _top: RegisterOperand<64>, from: RegisterOperand<64>) => {
      beginX87(m)
      notePointers(m)
      const [top, other] = [physicalOf(m, 0), physicalOf(m, indexOf(from))]
      const answer = compared(m, { operation, sources: [top, other], b: contentOf(m, other) })
      report(m, m.and(answer.status, m.constant(~relation & 0xffff, 16)), C1)
      const code = (bit: number) => () => m.bit(answer.status, bit)
      const clear = () => m.constant(0, 1)
      m.flags(equations({ ZF: code(14), PF: code(10), CF: code(8), OF: clear, SF: clear, AF: clear }))
      m.when(answer.written, () => pop(m, pops))
    },
  )

/** An empty register is C3 and C0; its sign is told all the same. */
const fxam = instruction('FXAM', sdm('2A', '3.3', 'FXAM—Examine Floating-Point'), (m: Machine) => {
  beginX87(m)
  notePointers(m)
  const top = physicalOf(m, 0)
  const value = contentOf(m, top)
  const codes = m.variable(m.or(m.constant(C3 | C0, 16), signCode(m, value)))
  m.when(isInUse(m, top), () => codes.set(compute(m, 'FXAM', value, value).status))
  report(m, codes.get(), relation | C1)
})

const signCode = (m: Machine, { signExponent }: Value): Bits<16> =>
  m.and(m.shiftRight(signExponent, m.constant(6, 16)), m.constant(C1, 16))

export const x87Compare: readonly Instruction[] = [
  compare('FCOM', 'FCOM'),
  compare('FCOMP', 'FCOM', 1),
  compare('FCOMPP', 'FCOM', 2),
  compare('FUCOM', 'FUCOM'),
  compare('FUCOMP', 'FUCOM', 1),
  compare('FUCOMPP', 'FUCOM', 2),
  withInteger('FICOM', 0),
  withInteger('FICOMP', 1),
  ftst,
  fxam,
  compareInFlags('FCOMI', 'FCOM'),
  compareInFlags('FCOMIP', 'FCOM', 1),
  compareInFlags('FUCOMI', 'FUCOM'),
  compareInFlags('FUCOMIP', 'FUCOM', 1),
]
