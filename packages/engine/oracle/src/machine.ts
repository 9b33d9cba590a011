import type { Decoded } from '@vmm/x86-decoder'
import {
  type ArithmeticFlag,
  exceptions,
  rflags,
  type SegmentName,
  segmentNames,
  stateFields,
} from '@vmm/x86-registers'
import {
  type Accesses,
  type AnyOperand,
  type Asker,
  type Beyond,
  type Bits,
  type Bulk,
  type ControlFlow,
  type Flags,
  flagClasses,
  type HostCall,
  hostCalls,
  type Machine,
  type Memory,
  type Mode,
  type NamedState,
  type Operand,
  type Operands,
  type Segment,
  type Width,
} from '@vmm/x86-semantics'
import { arithmetic } from './arithmetic.ts'
import { bitsOf, numberOf, truth, widthOf } from './bits.ts'
import { Fault } from './fault.ts'
import type { hostAnswers } from './host-answers.ts'
import type { MemoryAccess } from './memory.ts'
import { DescriptionMistake } from './mistake.ts'
import { offsetMask } from './mode.ts'
import { branchTarget, effectiveAddress, readRegister, writeRegister } from './operands.ts'
import type { State } from './state.ts'
import { vector } from './vector.ts'

/** One instruction under way. */
export interface Execution {
  readonly state: State
  readonly memory: MemoryAccess
  readonly answers: ReturnType<typeof hostAnswers>
  readonly decoded: Decoded
  readonly bytes: Uint8Array
  readonly mode: Mode
  /** Offsets of this instruction and of the one behind it. */
  readonly rip: bigint
  readonly next: bigint
  /** Positions of memory operands that are read and written. */
  readonly modified: ReadonlySet<number>
  /** How many instructions had retired before this one. */
  readonly retired: number
  /** Where it goes on, if not behind it; why it stops. */
  target: bigint | undefined
  reason: string | undefined
  /** What has been done so far stays even if a fault follows. */
  commit(): void
}

/** Reads a description as bigint arithmetic on a state. */
export function machineOn(execution: Execution): Machine {
  return {
    mode: execution.mode,
    ...arithmetic,
    vector,
    ...operandsOn(execution),
    ...stateOn(execution.state),
    ...flagsOn(execution.state),
    ...accessOn(execution),
    ...controlOn(execution),
    ...beyondOn(execution),
  }
}

type How = 'read' | 'write'

const segmentOf = ({ decoded }: Execution, segment: Segment): SegmentName =>
  segment === 'operand' ? segmentNames[decoded.segment]! : segment

/** The bytes of a program's access: segment, limit, pages. */
function reach(execution: Execution, segment: Segment, offset: bigint, bytes: number, how: How): bigint[] {
  const { memory, mode } = execution
  const name = segmentOf(execution, segment)
  const linear = memory.linear(mode, name, offset, bytes, how)
  return memory.place(linear, bytes, { how, asker: 'program', stack: name === 'SS' })
}

/** A value is as wide as where it goes. */
function fit<W extends Width>(value: Bits<W>, width: Width, where: string): void {
  if (widthOf(value) !== width) throw new DescriptionMistake(`${widthOf(value)} bits go into ${width} of ${where}`)
}

/** Moves an element: the segments of both ends are checked before a page of either. */
function move(execution: Execution, from: Bulk['to'], to: Bulk['to'], bytes: number): void {
  const { memory, mode } = execution
  const linear = (at: Bulk['to'], how: How) =>
    memory.linear(mode, segmentOf(execution, at.segment), numberOf(at.offset), bytes, how)
  const by = (at: Bulk['to'], how: How) =>
    ({ how, asker: 'program', stack: segmentOf(execution, at.segment) === 'SS' }) as const
  const [source, target] = [linear(from, 'read'), linear(to, 'write')]
  const value = memory.load(memory.place(source, bytes, by(from, 'read')))
  memory.store(memory.place(target, bytes, by(to, 'write')), value)
}

function operandsOn(execution: Execution): Operands {
  const { state, memory, decoded, next, mode, modified } = execution
  const places = new Map<number, bigint[]>()
  const offset = () => effectiveAddress(state, decoded, next)
  const placesOf = ({ position, width }: Memory<Width>, how: How): bigint[] => {
    const known = places.get(position)
    if (known !== undefined) return known
    const found = reach(execution, 'operand', offset(), width / 8, modified.has(position) ? 'write' : how)
    // one that is read and written is translated once
    if (modified.has(position)) places.set(position, found)
    return found
  }
  const machine: Operands = {
    read: <W extends Width>(operand: Operand<W>): Bits<W> => {
      const any = operand as AnyOperand
      const width = operand.width as W
      if (any.kind === 'immediate') return bitsOf(any.value!, width)
      if (any.kind === 'relative') return bitsOf(branchTarget(decoded, any.position, next), width)
      if (any.kind === 'memory') return bitsOf(memory.load(placesOf(any, 'read')), width)
      return bitsOf(readRegister(state, operand as Operand<Width>), width)
    },
    write: (place, value) => {
      fit(value, place.width, place.kind)
      if (place.kind === 'memory') memory.store(placesOf(place as Memory<Width>, 'write'), numberOf(value))
      else writeRegister(state, place as never, numberOf(value))
    },
    address: () => bitsOf(offset(), 64),
    indexed: (_, index) => bitsOf(effectiveAddress(state, decoded, next, numberOf(index)), 64),
    popInto: (to, value, bytes) => {
      const old = state.gprs[4]!
      const mask = offsetMask(mode.stackSize)
      const kept = mode.stackSize === 16 ? old & ~mask : 0n
      state.gprs[4] = kept | ((old + BigInt(bytes)) & mask)
      machine.write(to, value)
    },
  }
  return machine
}

function stateOn(state: State): NamedState {
  const at = (physical: Bits<8>) => Number(numberOf(physical))
  return {
    get: ((field: keyof typeof stateFields) => bitsOf(state.get(field), stateFields[field])) as Machine['get'],
    set: (field, value) => {
      fit(value, stateFields[field], field)
      state.set(field, numberOf(value))
    },
    x87Significand: (physical) => bitsOf(state.significands[at(physical)]!, 64),
    x87SignExponent: (physical) => bitsOf(state.signExponents[at(physical)]!, 16),
    setX87: (physical, significand, signExponent) => {
      state.significands[at(physical)] = numberOf(significand)
      state.signExponents[at(physical)] = numberOf(signExponent)
    },
  }
}

function flagsOn(state: State): Flags {
  return {
    flag: (flag) => bitsOf(state.flags >> BigInt(rflags[flag].low), 1),
    flags: (of) => {
      const equations = of.kind === 'class' ? flagClasses[of.name](arithmetic, of.operands) : of.equations
      const named = Object.entries(equations) as [ArithmeticFlag, () => Bits<1>][]
      // all are asked before one is set: an equation may read a flag that another one sets
      const fresh = named.map(([flag, equation]) => [1n << BigInt(rflags[flag].low), numberOf(equation())] as const)
      for (const [bit, value] of fresh) state.flags = value === 0n ? state.flags & ~bit : state.flags | bit
    },
    rflags: () => bitsOf(state.rflags, 64),
    setRflags: (value) => {
      state.rflags = numberOf(value)
    },
  }
}

function accessOn(execution: Execution): Accesses & Pick<Machine, 'bulk'> {
  const { memory, mode } = execution
  const bySystem = (how: How, asker: Asker) => ({ how, asker, stack: false })
  const placed = (segment: Segment, offset: Bits<64>, bytes: number, how: How) =>
    reach(execution, segment, numberOf(offset), bytes, how)
  return {
    load: (segment, offset, w) => bitsOf(memory.load(placed(segment, offset, w / 8, 'read')), w),
    store: (segment, offset, value) =>
      memory.store(placed(segment, offset, widthOf(value) / 8, 'write'), numberOf(value)),
    check: (segment, offset, bytes, how) => {
      const name = segmentOf(execution, segment)
      const linear = memory.linear(mode, name, numberOf(offset), bytes, how)
      memory.reach(linear, bytes, { how, asker: 'program', stack: name === 'SS' })
    },
    loadLinear: (linear, w, asker) =>
      bitsOf(memory.load(memory.place(numberOf(linear), w / 8, bySystem('read', asker))), w),
    storeLinear: (linear, value, asker) =>
      memory.store(memory.place(numberOf(linear), widthOf(value) / 8, bySystem('write', asker)), numberOf(value)),
    checkLinear: (linear, bytes, how, asker) => {
      memory.reach(numberOf(linear), bytes, bySystem(how, asker))
    },
    linear: (segment, offset) => bitsOf(memory.unchecked(mode, segmentOf(execution, segment), numberOf(offset)), 64),
    shadowPlace: (linear, bytes, how, user) =>
      bitsOf(memory.shadowPlace(numberOf(linear), bytes, how, numberOf(user) === 1n), 64),
    loadPhysical: (address, w) => bitsOf(memory.loadPhysical(numberOf(address), w === 32 ? 4 : 8), w),
    compareAndSwapPhysical: (address, expected, value) => {
      const bytes = widthOf(value) === 32 ? 4 : 8
      return truth(memory.swapPhysical(numberOf(address), bytes, numberOf(expected), numberOf(value)))
    },
    bulk: (work) => {
      const bytes = work.width / 8
      if (work.kind === 'move') move(execution, work.from, work.to, bytes)
      else memory.store(placed(work.to.segment, work.to.offset, bytes, 'write'), numberOf(work.value))
      return bitsOf(1n, 64)
    },
  }
}

function controlOn(execution: Execution): ControlFlow {
  const { state } = execution
  return {
    when: (condition, then, otherwise) => (numberOf(condition) !== 0n ? then() : otherwise?.()),
    loop: (condition, body) => {
      while (numberOf(condition()) !== 0n) body()
    },
    variable: (initial) => {
      let now = initial
      return {
        get: () => now,
        set: (value) => {
          now = value
        },
      }
    },
    fault: (name, code) => {
      throw new Fault(exceptions[name].vector, code === undefined ? undefined : Number(numberOf(code)))
    },
    interruptShadow: (after) => {
      state.set('SHADOW', BigInt(execution.retired + 1))
      state.set('SHADOW_KIND', after === 'mov-ss' ? 1n : 0n)
    },
    nextRip: () => bitsOf(execution.next, 64),
    thisRip: () => bitsOf(execution.rip, 64),
    isNear: () => bitsOf(0n, 1),
    escapeOpcode: () => bitsOf(escapeOpcode(execution.bytes), 16),
    jump: (target) => {
      execution.target = numberOf(target)
    },
    again: () => {
      execution.target = execution.rip
    },
    commit: () => execution.commit(),
    fence: () => {},
    exit: (reason) => {
      execution.reason = reason
    },
  }
}

/** Three bits of the escape, and the byte behind it. */
function escapeOpcode(bytes: Uint8Array): bigint {
  const at = bytes.findIndex((byte) => byte >> 3 === 0x1b)
  return BigInt(((bytes[at]! & 7) << 8) | bytes[at + 1]!)
}

function beyondOn(execution: Execution): Beyond {
  return {
    call: ((procedure, ...values) => procedure.body(machineOn(execution), ...values)) as Machine['call'],
    host: ((name: HostCall, ...values: Bits<64>[]) => {
      const answers = execution.answers[name](...values.map(numberOf))
      return hostCalls[name].results.map((width, index) => bitsOf(answers[index]!, width))
    }) as unknown as Machine['host'],
  }
}
