import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr, type Operand, type Place, type RegisterOperand } from '../operand.ts'

type Sized = 16 | 32 | 64

/** The stack pointer as an offset, as wide as the stack is. */
export function stackPointer(m: Machine): Bits<64> {
  return m.zeroExtend(m.read(gpr('RSP', m.mode.stackSize)), 64)
}

/** Replaces as much of RSP as the stack's width covers. */
export function setStackPointer(m: Machine, value: Bits<64>): void {
  m.write(gpr('RSP', m.mode.stackSize), m.truncate(value, m.mode.stackSize))
}

/** `value` truncated to what the stack pointer can hold. */
export function wrapped(m: Machine, value: Bits<64>): Bits<64> {
  return m.zeroExtend(m.truncate(value, m.mode.stackSize), 64)
}

/** Stores below the stack pointer, then moves it: a fault leaves it where it was. */
export function push<W extends Sized>(m: Machine, value: Bits<W>): void {
  const below = wrapped(m, m.sub(stackPointer(m), m.constant(m.widthOf(value) / 8, 64)))
  m.store('SS', below, value)
  setStackPointer(m, below)
}

/** The value `depth` bytes above the stack pointer. */
export function peek<W extends Sized>(m: Machine, width: W, depth = 0): Bits<W> {
  return m.load('SS', wrapped(m, m.add(stackPointer(m), m.constant(depth, 64))), width)
}

/** Gives up `bytes` bytes of stack. */
export function release(m: Machine, bytes: number): void {
  setStackPointer(m, m.add(stackPointer(m), m.constant(bytes, 64)))
}

/** PUSH of a segment register writes its selector zero-extended. */
const pushed = instruction(
  'PUSH',
  sdm('2B', '4.3', 'PUSH—Push Word, Doubleword, or Quadword Onto the Stack'),
  (m: Machine, from: Operand<Sized> | RegisterOperand<16>) => {
    const size = m.mode.operandSize
    if (from.kind === 'register' && from.file === 'segment') {
      const name = (['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const)[from.index!]!
      return push(m, m.zeroExtend(m.get(`${name}.selector`), size) as Bits<Sized>)
    }
    push(m, m.read(from as Operand<Sized>))
  },
)

/**
 * POP computes the address of a memory destination after it has moved RSP; if the store faults RSP is put back.
 * SDM 2B, POP, Description.
 */
export function popGeneral(m: Machine, to: Place<Sized>): void {
  const size = m.mode.operandSize
  const value = peek(m, size)
  if (to.kind === 'register') {
    release(m, size / 8)
    return m.write(to, value as Bits<Sized>)
  }
  m.popInto(to, value as Bits<Sized>, size / 8)
}

const order = ['RAX', 'RCX', 'RDX', 'RBX', 'RSP', 'RBP', 'RSI', 'RDI'] as const

const pusha = instruction(
  'PUSHA',
  sdm('2B', '4.3', 'PUSHA/PUSHAD—Push All General-Purpose Registers'),
  (m: Machine) => {
    const size = m.mode.operandSize as 16 | 32
    const values = order.map((name) => m.read(gpr(name, size)))
    const top = wrapped(m, m.sub(stackPointer(m), m.constant(size, 64)))
    m.check('SS', top, size, 'write')
    for (const [index, value] of values.entries())
      m.store('SS', wrapped(m, m.add(top, m.constant((7 - index) * (size / 8), 64))), value)
    setStackPointer(m, top)
  },
)

const popa = instruction('POPA', sdm('2B', '4.3', 'POPA/POPAD—Pop All General-Purpose Registers'), (m: Machine) => {
  const size = m.mode.operandSize as 16 | 32
  const values = order.map((_, index) => peek(m, size, (7 - index) * (size / 8)))
  release(m, size)
  order.forEach((name, index) => {
    if (name !== 'RSP') m.write(gpr(name, size), values[index]!)
  })
})

const leave = instruction('LEAVE', sdm('2A', '3.3', 'LEAVE—High Level Procedure Exit'), (m: Machine) => {
  const size = m.mode.operandSize
  const frame = m.zeroExtend(m.read(gpr('RBP', m.mode.stackSize)), 64)
  const value = m.load('SS', frame, size)
  setStackPointer(m, m.add(frame, m.constant(size / 8, 64)))
  m.write(gpr('RBP', size), value)
})

/** Nesting levels copy that many frame pointers down; the level is taken modulo 32. */
const enter = instruction(
  'ENTER',
  sdm('2A', '3.3', 'ENTER—Make Stack Frame for Procedure Parameters'),
  (m: Machine, bytes: Operand<16>, nesting: Operand<8>) => {
    const size = m.mode.operandSize
    const step = m.constant(size / 8, 64)
    const level = m.and(m.zeroExtend(m.read(nesting), 64), m.constant(31, 64))
    const room = m.zeroExtend(m.read(bytes), 64)
    const first = wrapped(m, m.sub(stackPointer(m), step))
    const frame = m.read(gpr('RBP', size))
    const end = wrapped(m, m.sub(m.sub(first, m.mul(level, step)), room))
    m.check('SS', end, 1, 'write')
    // what is pushed lies below RSP until the end: it stays even if a frame pointer further up cannot be read
    m.store('SS', first, frame)
    m.commit()
    const [to, from, left] = [
      m.variable(first),
      m.variable(m.zeroExtend(m.read(gpr('RBP', m.mode.stackSize)), 64)),
      m.variable(level),
    ]
    m.loop(
      () => m.below(m.constant(1, 64), left.get()),
      () => {
        from.set(wrapped(m, m.sub(from.get(), step)))
        to.set(wrapped(m, m.sub(to.get(), step)))
        m.store('SS', to.get(), m.load('SS', from.get(), size))
        m.commit()
        left.set(m.sub(left.get(), m.constant(1, 64)))
      },
    )
    m.when(m.equal(left.get(), m.constant(1, 64)), () => {
      to.set(wrapped(m, m.sub(to.get(), step)))
      m.store('SS', to.get(), m.truncate(first, size))
    })
    m.write(gpr('RBP', size), m.truncate(first, size))
    setStackPointer(m, m.sub(to.get(), room))
  },
)

export const stack: readonly Instruction[] = [pushed, pusha, popa, leave, enter]
