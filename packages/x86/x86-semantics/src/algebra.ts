import type { ArithmeticFlag, ExceptionName, SegmentName, StateField, WidthOfField } from '@vmm/x86-registers'
import type { Bulk } from './bulk.ts'
import type { FlagsOf } from './flags.ts'
import type { HostCall, HostParameters, HostResults } from './host-calls.ts'
import type { Memory, Operand, Place } from './operand.ts'
import type { Parameters, Procedure, Results } from './procedure.ts'
import type { VectorArithmetic } from './vector-algebra.ts'

/*
 * The vocabulary in which instructions are described.
 *
 * A description says `m.add(a, b)`; what that means is up to whoever runs it. The oracle adds two bigints, the
 * interpreter generator emits `i64.add`, the scribe writes `a + b`, the surveyor notes what is touched. One
 * description, several readings.
 *
 * What is known when code is translated (widths, the mode, prefixes, which operand is a register) is an ordinary
 * TypeScript value, and ordinary `if` decides on it. What is known only when the guest runs is a `Bits`: `if` cannot
 * touch it, `m.when` can.
 *
 * The law of restartability: read everything, then check everything, then write everything. A fault after a write is
 * a mistake, unless the architecture commits early; there the description says `m.commit()`.
 */

declare const width: unique symbol

/** Bits of a value; 1 is a truth. 256 are read, written, loaded and stored as they are, and computed with by halves. */
export type Width = 1 | 8 | 16 | 32 | 64 | 128 | 256

/** Widths that values have between functions. */
export type Sized = Exclude<Width, 1 | 128 | 256>

/** A value of `W` bits that exists when the guest runs. `in out` keeps widths apart. */
export interface Bits<in out W extends Width> {
  readonly [width]: (w: W) => W
}

/** A value that changes while one instruction runs: loop counters, results of branches. */
export interface Variable<W extends Width> {
  get(): Bits<W>
  set(value: Bits<W>): void
}

/** Operations without effect. Values of one operation have one width unless it says otherwise. */
export interface Arithmetic {
  constant<W extends Width>(value: bigint | number, w: W): Bits<W>
  /** The width that a value was made with. */
  widthOf<W extends Width>(a: Bits<W>): W

  add<W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W>
  sub<W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W>
  /** The low half of the product. */
  mul<W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W>
  /** The high half of the unsigned product. */
  mulHighUnsigned<W extends 8 | 16 | 32 | 64>(a: Bits<W>, b: Bits<W>): Bits<W>
  /** The high half of the signed product. */
  mulHighSigned<W extends 8 | 16 | 32 | 64>(a: Bits<W>, b: Bits<W>): Bits<W>
  /** Quotient and remainder of same-width values. The divisor must not be zero; signed: MIN / -1 must not happen. */
  divUnsigned<W extends 8 | 16 | 32 | 64>(a: Bits<W>, b: Bits<W>): Bits<W>
  remUnsigned<W extends 8 | 16 | 32 | 64>(a: Bits<W>, b: Bits<W>): Bits<W>
  divSigned<W extends 8 | 16 | 32 | 64>(a: Bits<W>, b: Bits<W>): Bits<W>
  remSigned<W extends 8 | 16 | 32 | 64>(a: Bits<W>, b: Bits<W>): Bits<W>
  and<W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W>
  or<W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W>
  xor<W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W>
  not<W extends Width>(a: Bits<W>): Bits<W>
  negate<W extends Width>(a: Bits<W>): Bits<W>

  /** Shifts. `count` has the width of `a` and must be below 32 for widths up to 32, below 64 for 64: mask it first. */
  shiftLeft<W extends 8 | 16 | 32 | 64>(a: Bits<W>, count: Bits<W>): Bits<W>
  shiftRight<W extends 8 | 16 | 32 | 64>(a: Bits<W>, count: Bits<W>): Bits<W>
  shiftRightSigned<W extends 8 | 16 | 32 | 64>(a: Bits<W>, count: Bits<W>): Bits<W>
  /** Rotates by `count` modulo the width. */
  rotateLeft<W extends 8 | 16 | 32 | 64>(a: Bits<W>, count: Bits<W>): Bits<W>
  rotateRight<W extends 8 | 16 | 32 | 64>(a: Bits<W>, count: Bits<W>): Bits<W>

  equal<W extends Width>(a: Bits<W>, b: Bits<W>): Bits<1>
  /** Unsigned `a < b`. */
  below<W extends Width>(a: Bits<W>, b: Bits<W>): Bits<1>
  /** Signed `a < b`. */
  less<W extends 8 | 16 | 32 | 64>(a: Bits<W>, b: Bits<W>): Bits<1>
  isZero<W extends Width>(a: Bits<W>): Bits<1>
  /** Bit `n` of `a`; bit -1 is the top one. */
  bit<W extends Width>(a: Bits<W>, n: number): Bits<1>
  /** Set when the low byte holds an even number of ones. */
  evenParity<W extends Width>(a: Bits<W>): Bits<1>

  /** Number of ones; leading zeros (the width if zero); trailing zeros (the width if zero). */
  countOnes<W extends 16 | 32 | 64>(a: Bits<W>): Bits<W>
  countLeadingZeros<W extends 16 | 32 | 64>(a: Bits<W>): Bits<W>
  countTrailingZeros<W extends 16 | 32 | 64>(a: Bits<W>): Bits<W>

  /** To a wider width, with zeros or copies of the sign; to the same width: the value itself. */
  zeroExtend<F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W>
  signExtend<F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W>
  /** The low bits. */
  truncate<F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W>
  /** The `w` bits from bit `low` up. */
  extract<F extends Width, W extends Width>(a: Bits<F>, low: number, w: W): Bits<W>

  /** Both sides are computed: they must be harmless. */
  select<W extends Width>(condition: Bits<1>, yes: Bits<W>, no: Bits<W>): Bits<W>
}

/** What is known about the code when an instruction is translated. */
export interface Mode {
  readonly codeSize: 16 | 32 | 64
  readonly operandSize: 16 | 32 | 64
  readonly addressSize: 16 | 32 | 64
  /** How wide the stack pointer is: 64, or SS.B. */
  readonly stackSize: 16 | 32 | 64
  readonly execution: Execution
  /** CR4.CET, outside real and virtual-8086 mode: control-flow enforcement may be on. */
  readonly cet?: boolean
  /** A near indirect branch with the prefix NOTRACK. */
  readonly noTrack?: boolean
  readonly rep: 'none' | 'rep' | 'repne'
  readonly lock: boolean
}

/** `compatibility` is 16- or 32-bit code under IA-32e mode; `long` is 64-bit code. */
export type Execution = 'real' | 'virtual-8086' | 'protected' | 'compatibility' | 'long'

/** Segment of a memory access: a register by name, or the instruction's own (its override or default resolved). */
export type Segment = SegmentName | 'operand'

/** Who asks: the current privilege level, or the processor on its own behalf (descriptor tables, TSS, IDT). */
export type Asker = 'program' | 'processor'

/** The operands of an instruction. A general register whose number only run time knows is never needed: `gpr('RAX', 64)`. */
export interface Operands {
  /** Reads a register, memory or immediate operand. A memory operand that is also written is translated once. */
  read<W extends Width>(operand: Operand<W>): Bits<W>
  write<W extends Width>(place: Place<W>, value: Bits<W>): void
  /** The effective address (offset in its segment) of the memory operand, truncated to the address size. */
  address(memory: Memory<Width>): Bits<64>
  /** The same of one element of memory that a vector indexes: `index` takes the place of the index register, and is scaled. */
  indexed(memory: Memory<Width>, index: Bits<64>): Bits<64>
  /** POP to memory: the address is taken as if RSP had already moved by `bytes`, and RSP moves only if the store succeeds. */
  popInto<W extends 16 | 32 | 64>(to: Memory<W>, value: Bits<W>, bytes: number): void
}

/** State that has a name, and the x87's registers. */
export interface NamedState {
  get<F extends StateField>(field: F): Bits<WidthOfField<F>>
  set<F extends StateField>(field: F, value: Bits<WidthOfField<F>>): void
  /** x87 register by physical number 0 to 7 (not by ST index): the 64-bit significand, and sign with exponent. */
  x87Significand(physical: Bits<8>): Bits<64>
  x87SignExponent(physical: Bits<8>): Bits<16>
  setX87(physical: Bits<8>, significand: Bits<64>, signExponent: Bits<16>): void
}

/** RFLAGS, whole and by its arithmetic flags. */
export interface Flags {
  flag(flag: ArithmeticFlag): Bits<1>
  /** Sets arithmetic flags; what the equations do not name keeps its value. */
  flags(of: FlagsOf): void
  /** All of RFLAGS, arithmetic flags and the fixed bit included. */
  rflags(): Bits<64>
  /** Replaces all of RFLAGS. */
  setRflags(value: Bits<64>): void
}

/** Memory by segment and offset, by linear and by physical address. */
export interface Accesses {
  load<W extends 8 | 16 | 32 | 64 | 128 | 256>(segment: Segment, offset: Bits<64>, w: W): Bits<W>
  store<W extends 8 | 16 | 32 | 64 | 128 | 256>(segment: Segment, offset: Bits<64>, value: Bits<W>): void
  /** Faults now if `bytes` bytes from `offset` could not be read or written; afterwards loads and stores there cannot fault. */
  check(segment: Segment, offset: Bits<64>, bytes: number, access: 'read' | 'write'): void
  /** By linear address, without segmentation: system structures, by the processor itself or with the program's rights. */
  loadLinear<W extends 8 | 16 | 32 | 64>(linear: Bits<64>, w: W, asker: Asker): Bits<W>
  storeLinear<W extends 8 | 16 | 32 | 64>(linear: Bits<64>, value: Bits<W>, asker: Asker): void
  checkLinear(linear: Bits<64>, bytes: number, access: 'read' | 'write', asker: Asker): void
  /** The linear address of an offset in a segment, with no checks: INVLPG, MONITOR. */
  linear(segment: Segment, offset: Bits<64>): Bits<64>
  /**
   * Where a shadow-stack access of four or eight aligned bytes goes in physical memory: by a user or by the supervisor. Faults unless the page is
   * one of a shadow stack; data breakpoints are met. Source: SDM 3A §4.6; SDM 3B §18.2.4.
   */
  shadowPlace(linear: Bits<64>, bytes: 4 | 8, access: 'read' | 'write', user: Bits<1>): Bits<64>
  /** By physical address: page tables. Aligned, never faults; where there is no memory it reads as ones. */
  loadPhysical<W extends 32 | 64>(address: Bits<64>, w: W): Bits<W>
  /** Stores `value` if memory holds `expected`; 1 if it did. Accessed and dirty bits. */
  compareAndSwapPhysical<W extends 32 | 64>(address: Bits<64>, expected: Bits<W>, value: Bits<W>): Bits<1>
}

/** What runs, how often, and how an instruction ends. */
export interface ControlFlow {
  when(condition: Bits<1>, then: () => void, otherwise?: () => void): void
  /** `while`: asks `condition` before each round. */
  loop(condition: () => Bits<1>, body: () => void): void
  variable<W extends Width>(initial: Bits<W>): Variable<W>
  /** Ends the instruction with an exception. RIP stays, nothing else changes that was not committed. */
  fault(exception: ExceptionName, code?: Bits<32>): void
  /** No interrupts until the next instruction is done: after STI, or after a load of SS (which holds debug traps off too). */
  interruptShadow(after: 'sti' | 'mov-ss'): void
  /** The offset of the instruction after this one: 32 bits outside 64-bit code, of which the limit of CS lets 16 be used or all. */
  nextRip(): Bits<64>
  /** The offset of this instruction. */
  thisRip(): Bits<64>
  /** 1 only if a relative target is sure to lie where code may be: whoever cannot tell says 0, and it is looked at. */
  isNear(target: Bits<64>): Bits<1>
  /** The eleven bits that tell x87 instructions apart: three of the first opcode byte, and the second one. */
  escapeOpcode(): Bits<16>
  /** The next instruction is elsewhere. Checks nothing: the description has. */
  jump(target: Bits<64>): void
  /** This instruction is not finished: it runs again (REP). One element counts as one retired instruction. */
  again(): void
  /** The architecture commits what has been written so far, even if a fault follows. */
  commit(): void
  /** Other processors see all that was stored before they could see what is loaded or stored after: MFENCE. */
  fence(): void
  /** The instruction completes, then the CPU stops for the reason given. */
  exit(reason: 'hlt' | 'mwait' | 'pause' | 'shutdown'): void
}

/** What lies beyond the instruction. */
export interface Beyond {
  /** A described out-of-line function. A fault inside it is a fault of this instruction. */
  call<P extends Parameters, R extends Results>(
    procedure: Procedure<P, R>,
    ...values: { [I in keyof P]: Bits<P[I]> }
  ): { [I in keyof R]: Bits<R[I]> }
  /** Something only the surroundings know: ports, MSRs, CPUID, time. It may refuse with a fault. */
  host<C extends HostCall>(call: C, ...values: HostParameters<C>): HostResults<C>
}

/** What an instruction may do. */
export interface Machine extends Arithmetic, Operands, NamedState, Flags, Accesses, ControlFlow, Beyond {
  readonly mode: Mode
  readonly vector: VectorArithmetic
  /** Many elements of a string at once, see `bulk.ts`; gives how many were done: at least one, at most `count`. */
  bulk(work: Bulk, count: Bits<64>): Bits<64>
}
