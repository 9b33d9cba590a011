import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { type Condition, holds } from '../integer/conditions.ts'
import type { Memory, Place, RegisterOperand } from '../operand.ts'
import { requireReach } from '../reach.ts'
import {
  type Answer,
  compute,
  contentOf,
  type Fault,
  memoryValue,
  overflow,
  underflow,
  unlessFault,
  type Value,
} from './answer.ts'
import { type Any, fetch, formatOf, indexOf } from './arithmetic.ts'
import {
  beginX87,
  empty,
  fill,
  indefinite,
  invalidIsMasked,
  isInUse,
  notePointers,
  physicalOf,
  pop,
  push,
  report,
  status,
  turn,
} from './stack.ts'
import type { X87Operation } from './x87-operations.rows.ts'

const { C1 } = status

/** An answer that raises nothing. */
const plain = (m: Machine, value: Value): Answer => ({
  ...value,
  second: value,
  status: m.constant(0, 16),
  written: m.constant(1, 1),
})

/** Pushes what `run` gives, unless there is no room. */
function load(m: Machine, run: () => Answer, faults: readonly Fault[] = []): void {
  const answer = unlessFault(m, [...faults, overflow(m, physicalOf(m, 7))], run)
  report(m, answer.status, C1)
  m.when(answer.written, () => push(m, answer.significand, answer.signExponent))
}

/** Ten bytes of memory. The pointers are noted once they have been read. */
function fetch80(m: Machine, memory: Memory<8>): Value {
  const offset = m.address(memory)
  requireReach(m, offset, { bytes: 10, alignment: 8, access: 'read' })
  const significand = m.load('operand', offset, 64)
  const signExponent = m.load('operand', m.add(offset, m.constant(8, 64)), 16)
  notePointers(m, offset)
  return { significand, signExponent }
}

const fld = instruction('FLD', sdm('2A', '3.3', 'FLD—Load Floating-Point Value'), (m: Machine, from: Any) => {
  beginX87(m)
  if (from.kind === 'register') {
    notePointers(m)
    const source = physicalOf(m, indexOf(from))
    return load(m, () => plain(m, contentOf(m, source)), [underflow(m, [source])])
  }
  if ((from.width as number) === 80) {
    const value = fetch80(m, from as Memory<8>)
    return load(m, () => plain(m, value))
  }
  const b = fetch(m, from as Memory<32 | 64>)
  load(m, () => compute(m, 'FLD', b, b, formatOf('float', from.width)))
})

const fild = instruction('FILD', sdm('2A', '3.3', 'FILD—Load Integer'), (m: Machine, from: Memory<16 | 32 | 64>) => {
  beginX87(m)
  const b = fetch(m, from)
  load(m, () => compute(m, 'FLD', b, b, formatOf('integer', from.width)))
})

const fbld = instruction('FBLD', sdm('2A', '3.3', 'FBLD—Load Binary Coded Decimal'), (m: Machine, from: Memory<8>) => {
  beginX87(m)
  const b = fetch80(m, from)
  load(m, () => compute(m, 'FLD', b, b, 'm80bcd'))
})

const constant = (operation: X87Operation): Instruction =>
  instruction(
    operation,
    sdm('2A', '3.3', 'FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant'),
    (m: Machine) => {
      beginX87(m)
      notePointers(m)
      const none = memoryValue(m, m.constant(0, 64))
      load(m, () => compute(m, operation, none, none))
    },
  )

/** What a masked stack underflow stores, by operation. SDM 1 Table 4-3, Table 4-1, Table 4-4. */
const stored: Readonly<Partial<Record<X87Operation, { significand: bigint; signExponent: number }>>> = {
  FST32: { significand: 0xffc0_0000n, signExponent: 0 },
  FST64: { significand: 0xfff8_0000_0000_0000n, signExponent: 0 },
  ...Object.fromEntries(
    ['FIST', 'FISTTP'].flatMap((stem) =>
      [16, 32, 64].map((width) => [`${stem}${width}`, { significand: 1n << BigInt(width - 1), signExponent: 0 }]),
    ),
  ),
}

/** ST(0) as an operation makes it, into memory that has been found writable. */
function store(m: Machine, to: Memory<16 | 32 | 64>, operation: X87Operation, pops: number): void {
  beginX87(m)
  const offset = m.address(to)
  requireReach(m, offset, { bytes: to.width / 8, alignment: (to.width / 8) as 2 | 4 | 8, access: 'write' })
  notePointers(m, offset)
  const top = physicalOf(m, 0)
  const value = contentOf(m, top)
  const answer = unlessFault(m, [underflow(m, [top])], () => compute(m, operation, value, value), stored[operation])
  report(m, answer.status, C1)
  m.when(answer.written, () => {
    m.write(to as Place<64>, m.truncate(answer.significand, to.width as 64))
    pop(m, pops)
  })
}

/** ST(0) into ten bytes, as it is or as packed decimals. */
function store80(m: Machine, to: Memory<8>, run: (value: Value) => Answer): void {
  beginX87(m)
  const offset = m.address(to)
  requireReach(m, offset, { bytes: 10, alignment: 8, access: 'write' })
  notePointers(m, offset)
  const top = physicalOf(m, 0)
  const answer = unlessFault(m, [underflow(m, [top])], () => run(contentOf(m, top)))
  report(m, answer.status, C1)
  m.when(answer.written, () => {
    m.store('operand', offset, answer.significand)
    m.store('operand', m.add(offset, m.constant(8, 64)), answer.signExponent)
    pop(m)
  })
}

/** ST(0) into ST(i). */
function copy(m: Machine, to: Bits<8>, pops: number): void {
  beginX87(m)
  notePointers(m)
  const top = physicalOf(m, 0)
  const answer = unlessFault(m, [underflow(m, [top])], () => plain(m, contentOf(m, top)))
  report(m, answer.status, C1)
  m.when(answer.written, () => {
    fill(m, to, answer.significand, answer.signExponent)
    pop(m, pops)
  })
}

const fst = (mnemonic: 'FST' | 'FSTP', pops: number): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', 'FST/FSTP—Store Floating-Point Value'), (m: Machine, to: Any) => {
    if (to.kind === 'register') return copy(m, physicalOf(m, indexOf(to)), pops)
    if ((to.width as number) === 80) return store80(m, to as Memory<8>, (value) => plain(m, value))
    store(m, to as Memory<32 | 64>, to.width === 32 ? 'FST32' : 'FST64', pops)
  })

const fist = (mnemonic: 'FIST' | 'FISTP' | 'FISTTP', stem: 'FIST' | 'FISTTP', pops: number): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—Store Integer`), (m: Machine, to: Memory<16 | 32 | 64>) =>
    store(m, to, `${stem}${to.width}`, pops),
  )

const fbstp = instruction('FBSTP', sdm('2A', '3.3', 'FBSTP—Store BCD Integer and Pop'), (m: Machine, to: Memory<8>) =>
  store80(m, to, (value) => compute(m, 'FBSTP80', value, value)),
)

/** FSTP ST(i) that does not mind an empty ST(0): it copies nothing then, and raises nothing. */
const fstpnce = instruction(
  'FSTPNCE',
  sdm('2D', 'A.5', 'Escape Opcode Instructions'),
  (m: Machine, to: RegisterOperand<64>) => {
    beginX87(m)
    notePointers(m)
    const top = physicalOf(m, 0)
    const { significand, signExponent } = contentOf(m, top)
    m.when(isInUse(m, top), () => fill(m, physicalOf(m, indexOf(to)), significand, signExponent))
    report(m, m.constant(0, 16), C1)
    pop(m)
  },
)

/** A register's content, or the real indefinite if it is empty. */
function contentOrIndefinite(m: Machine, physical: Bits<8>): Value {
  const { significand, signExponent } = contentOf(m, physical)
  const inUse = isInUse(m, physical)
  return {
    significand: m.select(inUse, significand, m.constant(indefinite.significand, 64)),
    signExponent: m.select(inUse, signExponent, m.constant(indefinite.signExponent, 16)),
  }
}

const fxch = instruction(
  'FXCH',
  sdm('2A', '3.3', 'FXCH—Exchange Register Contents'),
  (m: Machine, from: RegisterOperand<64>) => {
    beginX87(m)
    notePointers(m)
    const [top, other] = [physicalOf(m, 0), physicalOf(m, indexOf(from))]
    const fault = underflow(m, [top, other])
    const [first, second] = [contentOrIndefinite(m, top), contentOrIndefinite(m, other)]
    const goesOn = m.or(m.not(fault.when), invalidIsMasked(m))
    report(m, m.select(fault.when, m.constant(fault.raises, 16), m.constant(0, 16)), C1)
    m.when(goesOn, () => {
      const [a, b] = [m.variable(first.significand), m.variable(first.signExponent)]
      fill(m, top, second.significand, second.signExponent)
      fill(m, other, a.get(), b.get())
    })
  },
)

/** FCHS and FABS change the sign of anything. */
const sign = (mnemonic: 'FCHS' | 'FABS'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine) => {
    beginX87(m)
    notePointers(m)
    const top = physicalOf(m, 0)
    const changed = (): Value => {
      const { significand, signExponent } = contentOf(m, top)
      const exponent = m.and(signExponent, m.constant(0x7fff, 16))
      return {
        significand,
        signExponent: mnemonic === 'FABS' ? exponent : m.xor(signExponent, m.constant(0x8000, 16)),
      }
    }
    const answer = unlessFault(m, [underflow(m, [top])], () => plain(m, changed()))
    report(m, answer.status, C1)
    m.when(answer.written, () => fill(m, top, answer.significand, answer.signExponent))
  })

const move = (mnemonic: string, condition: Condition): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', 'FCMOVcc—Floating-Point Conditional Move'),
    (m: Machine, _top: RegisterOperand<64>, from: RegisterOperand<64>) => {
      beginX87(m)
      notePointers(m)
      const [top, other] = [physicalOf(m, 0), physicalOf(m, indexOf(from))]
      const fault = underflow(m, [top, other])
      const value = contentOf(m, other)
      m.when(
        fault.when,
        () => {
          report(m, m.constant(fault.raises, 16), C1)
          const { significand, signExponent } = indefinite
          m.when(invalidIsMasked(m), () => fill(m, top, m.constant(significand, 64), m.constant(signExponent, 16)))
        },
        () => m.when(holds(m, condition), () => fill(m, top, value.significand, value.signExponent)),
      )
    },
  )

/** Moves TOP and no tag. */
const rotate = (mnemonic: 'FINCSTP' | 'FDECSTP', by: 1 | -1): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine) => {
    beginX87(m)
    notePointers(m)
    report(m, m.constant(0, 16), C1)
    turn(m, by)
  })

/** FFREEP also pops, and what it pops is empty too. */
const free = (mnemonic: 'FFREE' | 'FFREEP'): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', 'FFREE—Free Floating-Point Register'),
    (m: Machine, which: RegisterOperand<64>) => {
      beginX87(m)
      notePointers(m)
      empty(m, physicalOf(m, indexOf(which)))
      if (mnemonic === 'FFREEP') pop(m)
    },
  )

const fnop = instruction('FNOP', sdm('2A', '3.3', 'FNOP—No Operation'), (m: Machine) => {
  beginX87(m)
  notePointers(m)
})

const moves = [
  ['FCMOVB', 'B'],
  ['FCMOVE', 'Z'],
  ['FCMOVBE', 'BE'],
  ['FCMOVU', 'P'],
  ['FCMOVNB', 'NB'],
  ['FCMOVNE', 'NZ'],
  ['FCMOVNBE', 'NBE'],
  ['FCMOVNU', 'NP'],
] as const

export const x87Transfer: readonly Instruction[] = [
  fld,
  fild,
  fbld,
  ...(['FLD1', 'FLDL2T', 'FLDL2E', 'FLDPI', 'FLDLG2', 'FLDLN2', 'FLDZ'] as const).map(constant),
  fst('FST', 0),
  fst('FSTP', 1),
  fist('FIST', 'FIST', 0),
  fist('FISTP', 'FIST', 1),
  fist('FISTTP', 'FISTTP', 1),
  fbstp,
  fstpnce,
  fxch,
  sign('FCHS'),
  sign('FABS'),
  ...moves.map(([mnemonic, condition]) => move(mnemonic, condition)),
  rotate('FINCSTP', 1),
  rotate('FDECSTP', -1),
  free('FFREE'),
  free('FFREEP'),
  fnop,
]
