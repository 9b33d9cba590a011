import { sdm } from '@vmm/source'
import type { Bits, Machine, Width } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Memory, Operand, RegisterOperand } from '../operand.ts'
import { type Answer, compute, contentOf, memoryValue, overflow, underflow, unlessFault, type Value } from './answer.ts'
import { beginX87, fill, notePointers, physicalOf, pop, push, report, status } from './stack.ts'
import type { X87Format, X87Operation } from './x87-operations.rows.ts'

export type Any = Operand<Width>
/** A memory operand or ST(i). */
export type Source = Memory<16 | 32 | 64> | RegisterOperand<64>

/** The x87 register that an operand names. */
export const indexOf = (operand: Any): number => (operand as RegisterOperand<64>).index!

/** The format of a memory operand by its width. */
export function formatOf(kind: 'float' | 'integer', width: number): X87Format {
  return kind === 'float' ? (`m${width}fp` as 'm32fp') : (`m${width}int` as 'm32int')
}

/** A memory operand's bits as they lie there. The pointers are noted once it has been read. */
export function fetch(m: Machine, memory: Memory<16 | 32 | 64>): Value {
  const bits = m.zeroExtend(m.read(memory as Operand<64>), 64)
  notePointers(m, m.address(memory))
  return memoryValue(m, bits)
}

const allCodes = status.C0 | status.C1 | status.C2 | status.C3

interface Applied {
  readonly operation: X87Operation
  readonly to: Bits<8>
  /** Registers that must be in use. */
  readonly sources: readonly Bits<8>[]
  readonly b: Value
  readonly format?: X87Format
  readonly defined?: number
  readonly pops?: number
}

/** The operation on a register and something else, which the register then holds. */
function apply(m: Machine, { operation, to, sources, b, format, defined = status.C1, pops = 0 }: Applied): void {
  const answer = unlessFault(m, [underflow(m, sources)], () => compute(m, operation, contentOf(m, to), b, format))
  if (defined === allCodes) reportQuotient(m, answer)
  else report(m, answer.status, defined)
  m.when(answer.written, () => {
    fill(m, to, answer.significand, answer.signExponent)
    pop(m, pops)
  })
}

/** All condition codes, unless there is no quotient for C3 and C0 to tell of. A remainder is never infinite. */
function reportQuotient(m: Machine, { status: raised, signExponent, written }: Answer): void {
  const huge = m.constant(0x7fff, 16)
  const isNan = m.equal(m.and(signExponent, huge), huge)
  m.when(
    m.or(m.not(written), isNan),
    () => report(m, raised, status.C1 | status.C2),
    () => report(m, raised, allCodes),
  )
}

const basic = (mnemonic: string, operation: X87Operation, pops = 0): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine, ...operands: readonly Source[]) => {
    const [first, second] = operands as [Source, RegisterOperand<64>]
    beginX87(m)
    const top = physicalOf(m, 0)
    if (first.kind === 'memory') {
      const b = fetch(m, first)
      return apply(m, { operation, to: top, sources: [top], b, format: formatOf('float', first.width) })
    }
    notePointers(m)
    const [to, from] = [physicalOf(m, indexOf(first)), physicalOf(m, indexOf(second))]
    apply(m, { operation, to, sources: [to, from], b: contentOf(m, from), pops })
  })

const withInteger = (mnemonic: string, operation: X87Operation): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine, from: Memory<16 | 32>) => {
    beginX87(m)
    const b = fetch(m, from)
    const top = physicalOf(m, 0)
    apply(m, { operation, to: top, sources: [top], b, format: formatOf('integer', from.width) })
  })

/** On ST(0) alone. */
const unary = (operation: X87Operation, defined?: number): Instruction =>
  instruction(operation, sdm('2A', '3.3', operation), (m: Machine) => {
    beginX87(m)
    notePointers(m)
    const top = physicalOf(m, 0)
    apply(m, {
      operation,
      to: top,
      sources: [top],
      b: contentOf(m, top),
      ...(defined === undefined ? {} : { defined }),
    })
  })

/** On ST(0) and ST(1), into ST(0); a remainder defines all condition codes. */
const withNext = (operation: X87Operation, defined?: number): Instruction =>
  instruction(operation, sdm('2A', '3.3', operation), (m: Machine) => {
    beginX87(m)
    notePointers(m)
    const [top, next] = [physicalOf(m, 0), physicalOf(m, 1)]
    const b = contentOf(m, next)
    apply(m, { operation, to: top, sources: [top, next], b, ...(defined === undefined ? {} : { defined }) })
  })

/** On ST(0) and ST(1), into ST(1), then a pop. */
const intoNext = (operation: X87Operation): Instruction =>
  instruction(operation, sdm('2A', '3.3', operation), (m: Machine) => {
    beginX87(m)
    notePointers(m)
    const [top, next] = [physicalOf(m, 0), physicalOf(m, 1)]
    const run = () => compute(m, operation, contentOf(m, top), contentOf(m, next))
    const answer = unlessFault(m, [underflow(m, [top, next])], run)
    report(m, answer.status, status.C1)
    m.when(answer.written, () => {
      fill(m, next, answer.significand, answer.signExponent)
      pop(m)
    })
  })

/** Two results: the first replaces ST(0), the second is pushed, unless C2 says that the operand was out of range. */
const twofold = (operation: 'FXTRACT' | 'FPTAN' | 'FSINCOS'): Instruction =>
  instruction(operation, sdm('2A', '3.3', operation), (m: Machine) => {
    beginX87(m)
    notePointers(m)
    const [top, next] = [physicalOf(m, 0), physicalOf(m, 7)]
    const value = contentOf(m, top)
    const run = () => compute(m, operation, value, value)
    const answer = unlessFault(m, [underflow(m, [top]), overflow(m, next)], run)
    report(m, answer.status, operation === 'FXTRACT' ? status.C1 : status.C1 | status.C2)
    m.when(answer.written, () => {
      fill(m, top, answer.significand, answer.signExponent)
      m.when(m.not(m.bit(answer.status, 10)), () => push(m, answer.second.significand, answer.second.signExponent))
    })
  })

const stems = ['ADD', 'MUL', 'SUB', 'SUBR', 'DIV', 'DIVR'] as const

export const x87Arithmetic: readonly Instruction[] = [
  ...stems.flatMap((stem) => [
    basic(`F${stem}`, `F${stem}`),
    basic(`F${stem}P`, `F${stem}`, 1),
    withInteger(`FI${stem}`, `F${stem}`),
  ]),
  unary('FSQRT'),
  unary('FRNDINT'),
  unary('F2XM1'),
  unary('FSIN', status.C1 | status.C2),
  unary('FCOS', status.C1 | status.C2),
  withNext('FSCALE'),
  withNext('FPREM', allCodes),
  withNext('FPREM1', allCodes),
  intoNext('FYL2X'),
  intoNext('FYL2XP1'),
  intoNext('FPATAN'),
  twofold('FXTRACT'),
  twofold('FPTAN'),
  twofold('FSINCOS'),
]
