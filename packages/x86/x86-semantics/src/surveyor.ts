import { type ArithmeticFlag, arithmeticFlags, type StateField, stateFields } from '@vmm/x86-registers'
import type {
  Accesses,
  Arithmetic,
  Bits,
  ControlFlow,
  Flags,
  Machine,
  Mode,
  NamedState,
  Sized,
  Width,
} from './algebra.ts'
import { type FlagsOf, flagClasses } from './flags.ts'
import { type HostCall, hostCalls } from './host-calls.ts'
import type { Instruction } from './instruction.ts'
import type { AnyOperand } from './operand.ts'
import type { Procedure } from './procedure.ts'
import type { VectorArithmetic } from './vector-algebra.ts'

type AnyProcedure = Procedure<readonly Sized[], readonly Sized[]>

/** What an instruction touches, read off its own description. Nobody writes this down twice. */
export interface Survey {
  /** Positions of operands read and written. */
  readonly operandsRead: ReadonlySet<number>
  readonly operandsWritten: ReadonlySet<number>
  readonly flagsRead: ReadonlySet<ArithmeticFlag>
  /** Written whatever happens at run time, and written perhaps. */
  readonly flagsWritten: ReadonlySet<ArithmeticFlag>
  readonly flagsPerhaps: ReadonlySet<ArithmeticFlag>
  readonly fieldsRead: ReadonlySet<StateField>
  readonly fieldsWritten: ReadonlySet<StateField>
  readonly hostCalls: ReadonlySet<HostCall>
  readonly mayFault: boolean
  readonly stores: boolean
  readonly jumps: boolean
  /** It never goes on behind itself. */
  readonly jumpsAlways: boolean
  /** String elements are moved or filled as many at a time as the reader likes. */
  readonly bulk: boolean
  /** Accesses are looked at ahead of others, which are sure to succeed then. */
  readonly checks: boolean
  /** The longest of them in bytes, as far as it is known. */
  readonly checkedBytes: number
  readonly calls: boolean
  /** Described functions that it calls, and what these call. */
  readonly procedures: ReadonlySet<AnyProcedure>
  readonly exits: boolean
  /** All of RFLAGS is replaced, or interrupts are held off: what comes next depends on it. */
  readonly replacesFlags: boolean
  readonly shadows: boolean
}

interface Notes {
  operandsRead: Set<number>
  operandsWritten: Set<number>
  flagsRead: Set<ArithmeticFlag>
  flagsWritten: Set<ArithmeticFlag>
  flagsPerhaps: Set<ArithmeticFlag>
  fieldsRead: Set<StateField>
  fieldsWritten: Set<StateField>
  hostCalls: Set<HostCall>
  mayFault: boolean
  stores: boolean
  jumps: boolean
  jumpsAlways: boolean
  bulk: boolean
  checks: boolean
  checkedBytes: number
  calls: boolean
  procedures: Set<AnyProcedure>
  exits: boolean
  replacesFlags: boolean
  shadows: boolean
}

/** A value is only its width here. */
const value = <W extends Width>(width: W): Bits<W> => ({ width }) as unknown as Bits<W>
const widthOf = <W extends Width>(bits: Bits<W>): W => (bits as unknown as { width: W }).width
const like = <W extends Width>(a: Bits<W>): Bits<W> => value(widthOf(a))
const truth = (): Bits<1> => value(1)
const as = (_a: unknown, w: Width): Bits<Width> => value(w)

const arithmetic: Arithmetic = {
  constant: (_value, w) => value(w),
  widthOf,
  add: like,
  sub: like,
  mul: like,
  mulHighUnsigned: like,
  mulHighSigned: like,
  divUnsigned: like,
  remUnsigned: like,
  divSigned: like,
  remSigned: like,
  and: like,
  or: like,
  xor: like,
  not: like,
  negate: like,
  shiftLeft: like,
  shiftRight: like,
  shiftRightSigned: like,
  rotateLeft: like,
  rotateRight: like,
  equal: truth,
  below: truth,
  less: truth,
  isZero: truth,
  bit: truth,
  evenParity: truth,
  countOnes: like,
  countLeadingZeros: like,
  countTrailingZeros: like,
  zeroExtend: as as Arithmetic['zeroExtend'],
  signExtend: as as Arithmetic['signExtend'],
  truncate: as as Arithmetic['truncate'],
  extract: ((_a: unknown, _low: number, w: Width) => value(w)) as Arithmetic['extract'],
  select: (_condition, yes) => like(yes),
}

const wide = (): Bits<128> => value(128)
const vector: VectorArithmetic = {
  half: wide,
  pair: () => value(256),
  zip: wide,
  absolute: wide,
  shift: wide,
  splat: wide,
  withLane: wide,
  shuffle: wide,
  swizzle: wide,
  narrow: wide,
  widenLow: wide,
  multiplyEven: wide,
  multiplyAdd: wide,
  lane: () => value(64),
  signs: () => value(32),
}

/** Reads a description for its effects only: both sides of every branch, every loop once. */
export function survey(instruction: Instruction, mode: Mode, operands: readonly AnyOperand[]): Survey {
  const notes: Notes = {
    operandsRead: new Set(),
    operandsWritten: new Set(),
    flagsRead: new Set(),
    flagsWritten: new Set(),
    flagsPerhaps: new Set(),
    fieldsRead: new Set(),
    fieldsWritten: new Set(),
    hostCalls: new Set(),
    mayFault: false,
    stores: false,
    jumps: false,
    jumpsAlways: false,
    bulk: false,
    checks: false,
    checkedBytes: 0,
    calls: false,
    procedures: new Set(),
    exits: false,
    replacesFlags: false,
    shadows: false,
  }
  instruction.execute(machineOn(notes, mode), ...operands)
  return notes
}

/** Whether what is read now happens for certain: outside every branch, loop and call. */
interface Depth {
  branches: number
}

function machineOn(notes: Notes, mode: Mode): Machine {
  const depth: Depth = { branches: 0 }
  const machine: Machine = {
    mode,
    ...arithmetic,
    vector,
    ...operandNotes(notes),
    ...stateNotes(notes),
    ...flagNotes(notes, depth),
    ...accessNotes(notes),
    ...branchNotes(depth),
    ...endingNotes(notes, depth),
    call: ((procedure, ...values) => {
      notes.calls = true
      notes.procedures.add(procedure as unknown as AnyProcedure)
      inside(depth, () => procedure.body(machine, ...values))
      return faulting(
        notes,
        procedure.results.map((w) => value(w)),
      )
    }) as Machine['call'],
    host: ((call: HostCall) => {
      notes.hostCalls.add(call)
      return faulting(
        notes,
        hostCalls[call].results.map((w) => value(w)),
      )
    }) as unknown as Machine['host'],
  }
  return machine
}

function inside(depth: Depth, body: () => void): void {
  depth.branches += 1
  body()
  depth.branches -= 1
}

function faulting<T>(notes: Notes, result: T): T {
  notes.mayFault = true
  return result
}

function operandNotes(notes: Notes): Pick<Machine, 'read' | 'write' | 'address' | 'indexed'> {
  return {
    read: (operand) => {
      notes.operandsRead.add(operand.position)
      if (operand.kind === 'memory') notes.mayFault = true
      return value(operand.width) as never
    },
    write: (place) => {
      notes.operandsWritten.add(place.position)
      if (place.kind !== 'memory') return
      notes.mayFault = true
      notes.stores = true
    },
    address: () => value(64),
    indexed: () => value(64),
  }
}

function stateNotes(notes: Notes): NamedState {
  return {
    get: ((field: StateField) => {
      notes.fieldsRead.add(field)
      return value(widthOfField(field))
    }) as Machine['get'],
    set: (field) => void notes.fieldsWritten.add(field),
    x87Significand: () => value(64),
    x87SignExponent: () => value(16),
    setX87: () => {},
  }
}

function flagNotes(notes: Notes, depth: Depth): Flags {
  return {
    flag: (flag) => {
      notes.flagsRead.add(flag)
      return truth()
    },
    flags: (of) => noteFlags(notes, of, depth.branches === 0),
    rflags: () => {
      for (const flag of arithmeticFlags) notes.flagsRead.add(flag)
      return value(64)
    },
    setRflags: () => {
      notes.replacesFlags = true
      for (const flag of arithmeticFlags) notes.flagsPerhaps.add(flag)
    },
  }
}

function noteFlags(notes: Notes, of: FlagsOf, certain: boolean): void {
  const equations = of.kind === 'class' ? flagClasses[of.name](arithmetic, of.operands) : of.equations
  for (const [flag, equation] of Object.entries(equations) as [ArithmeticFlag, () => Bits<1>][]) {
    notes.flagsPerhaps.add(flag)
    if (certain) notes.flagsWritten.add(flag)
    equation()
  }
}

function accessNotes(notes: Notes): Accesses & Pick<Machine, 'bulk' | 'popInto'> {
  const storing = () => {
    notes.stores = true
    notes.mayFault = true
  }
  const checking = (bytes: number) => {
    notes.checks = true
    notes.checkedBytes = Math.max(notes.checkedBytes, bytes)
    notes.mayFault = true
  }
  return {
    load: (_segment, _offset, w) => faulting(notes, value(w)),
    store: storing,
    check: (_segment, _offset, bytes) => checking(bytes),
    loadLinear: (_linear, w) => faulting(notes, value(w)),
    storeLinear: storing,
    checkLinear: (_linear, bytes) => checking(bytes),
    linear: () => value(64),
    shadowPlace: () => {
      checking(8)
      return value(64)
    },
    loadPhysical: (_address, w) => value(w),
    compareAndSwapPhysical: truth,
    bulk: () => {
      notes.bulk = true
      storing()
      return value(64)
    },
    popInto: (to) => {
      storing()
      notes.operandsWritten.add(to.position)
    },
  }
}

function branchNotes(depth: Depth): Pick<ControlFlow, Branching> {
  return {
    when: (_condition, then, otherwise) => {
      inside(depth, then)
      if (otherwise !== undefined) inside(depth, otherwise)
    },
    loop: (condition, body) => {
      condition()
      inside(depth, body)
    },
    variable: (initial) => ({ get: () => like(initial), set: () => {} }),
  }
}

type Branching = 'when' | 'loop' | 'variable'

function endingNotes(notes: Notes, depth: Depth): Omit<ControlFlow, Branching> {
  const jumping = () => {
    notes.jumps = true
    if (depth.branches === 0) notes.jumpsAlways = true
  }
  return {
    fault: () => faulting(notes, undefined),
    nextRip: () => value(64),
    thisRip: () => value(64),
    isNear: truth,
    escapeOpcode: () => value(16),
    jump: jumping,
    again: jumping,
    commit: () => {},
    fence: () => {},
    exit: () => {
      notes.exits = true
    },
    interruptShadow: () => {
      notes.shadows = true
    },
  }
}

const widthOfField = (field: StateField): Width => stateFields[field]
