import type { GprName, SegmentName } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import { gpr } from '../operand.ts'

/** General registers in the order in which a task-state segment holds them. */
const general = ['RAX', 'RCX', 'RDX', 'RBX', 'RSP', 'RBP', 'RSI', 'RDI'] as const satisfies readonly GprName[]
const segments16 = ['ES', 'CS', 'SS', 'DS'] as const
const segments32 = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const

/**
 * Where the two kinds of task-state segment keep things: the part that a switch saves begins with the instruction
 * pointer and ends with the segments. Source: SDM 3A §8.2.1, Figure 8-2; §8.6, Figure 8-10.
 */
const shapes = {
  16: {
    first: 0x0e,
    last: 0x29,
    flags: 0x10,
    general: 0x12,
    segments: 0x22,
    ldt: 0x2a,
    minimum: 0x2b,
    names: segments16,
  },
  32: {
    first: 0x20,
    last: 0x5f,
    flags: 0x24,
    general: 0x28,
    segments: 0x48,
    ldt: 0x60,
    minimum: 0x67,
    names: segments32,
  },
} as const

const cr3Offset = 0x1c
const trapOffset = 0x64

/** What a task goes on with. */
export interface TaskState {
  readonly cr3: Bits<32>
  readonly rip: Bits<32>
  readonly flags: Bits<32>
  readonly general: readonly Bits<32>[]
  readonly selectors: Readonly<Record<SegmentName, Bits<16>>>
  readonly ldt: Bits<16>
  /** The T bit: a debug trap before the task's first instruction. */
  readonly trap: Bits<1>
}

/** The last byte that a task-state segment must have. */
export function leastLimit(m: Machine, is32: Bits<1>): Bits<32> {
  return m.select(is32, m.constant(shapes[32].minimum, 32), m.constant(shapes[16].minimum, 32))
}

const plus = (m: Machine, base: Bits<64>, offset: number): Bits<64> => m.add(base, m.constant(offset, 64))

/** Faults now if the state of the present task cannot be saved at `base`. */
export function checkSave(m: Machine, base: Bits<64>, is32: Bits<1>): void {
  const check = (size: 16 | 32) => () => {
    const { first, last } = shapes[size]
    m.checkLinear(plus(m, base, first), last - first + 1, 'write', 'processor')
  }
  m.when(is32, check(32), check(16))
}

/** Saves the present task: its instruction pointer, flags, general registers and segment selectors. */
export function saveTask(m: Machine, base: Bits<64>, is32: Bits<1>, rip: Bits<64>, flags: Bits<64>): void {
  const save = (size: 16 | 32) => () => {
    const shape = shapes[size]
    const put = (offset: number, value: Bits<32>) =>
      m.storeLinear(plus(m, base, offset), m.truncate(value, size), 'processor')
    put(shape.first, m.truncate(rip, 32))
    put(shape.flags, m.truncate(flags, 32))
    for (const [index, name] of general.entries()) put(shape.general + (index * size) / 8, m.read(gpr(name, 32)))
    for (const [index, name] of shape.names.entries())
      put(shape.segments + (index * size) / 8, m.zeroExtend(m.get(`${name}.selector`), 32))
  }
  m.when(is32, save(32), save(16))
}

/** Reads the state of a task. A 16-bit one has null FS and GS, no CR3 of its own and no trap. */
export function readTask(m: Machine, base: Bits<64>, is32: Bits<1>): TaskState {
  const [cr3, rip, flags] = [
    m.variable(m.constant(0, 32)),
    m.variable(m.constant(0, 32)),
    m.variable(m.constant(0, 32)),
  ]
  const registers = general.map(() => m.variable(m.constant(0, 32)))
  const selectors = segments32.map(() => m.variable(m.constant(0, 16)))
  const [ldt, trap] = [m.variable(m.constant(0, 16)), m.variable(m.constant(0, 16))]
  const half = (offset: number) => m.loadLinear(plus(m, base, offset), 16, 'processor')
  const read = (size: 16 | 32) => () => {
    const shape = shapes[size]
    const word = (offset: number) => m.zeroExtend(m.loadLinear(plus(m, base, offset), size, 'processor'), 32)
    rip.set(word(shape.first))
    flags.set(word(shape.flags))
    for (const [index, register] of registers.entries()) register.set(word(shape.general + (index * size) / 8))
    for (const index of shape.names.keys()) selectors[index]!.set(half(shape.segments + (index * size) / 8))
    ldt.set(half(shape.ldt))
    if (size === 16) return
    cr3.set(word(cr3Offset))
    trap.set(half(trapOffset))
  }
  m.when(is32, read(32), read(16))
  return {
    cr3: cr3.get(),
    rip: rip.get(),
    flags: flags.get(),
    general: registers.map((register) => register.get()),
    selectors: Object.fromEntries(segments32.map((name, index) => [name, selectors[index]!.get()])) as never,
    ldt: ldt.get(),
    trap: m.bit(trap.get(), 0),
  }
}

/** The general registers of a task. */
export function loadGeneral(m: Machine, { general: values }: TaskState): void {
  for (const [index, name] of general.entries()) m.write(gpr(name, 32), values[index]!)
}
