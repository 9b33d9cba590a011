import type { MemoryOp } from '@vmm/wasm-encoder'
import type { ArithmeticFlag, StateField } from '@vmm/x86-registers'
import type { Bits, FlagClassName, Flags, Mode, Procedure } from '@vmm/x86-semantics'
import type { Code, Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import type { RuntimeIndices } from '../runtime.ts'
import type { Translated } from './memory.ts'
import type { RegisterBank } from './register-bank.ts'

/**
 * How the memory operand's address is computed: flat in 64-bit code, from a 64-bit immediate, narrow with 16 or 32 bits elsewhere,
 * by the runtime, or in place from fields that are known.
 */
export type AddressForm = 'flat' | 'absolute' | 'narrow' | 'general' | 'known'

/** The flags as whoever wrote them last left them: a class, and operands that are still at hand. */
export interface KnownFlags {
  readonly name: FlagClassName
  readonly operands: readonly Bits<8 | 16 | 32 | 64>[]
}

/** Named state while it is somewhere of its own. */
export interface FieldBank {
  /** The field's value, or undefined if it is where everybody finds it. */
  get(field: StateField): Node | undefined
  /** Sets a field; false if it belongs where everybody finds it. */
  set(field: StateField, value: Node): boolean
  /** Somebody outside is asked, who may look at all of it. */
  show(): void
}

/** Everything that one reading of one instruction (or procedure) needs to know. */
export interface Frame {
  readonly code: Code
  readonly cpu: Node
  /** Changes when an access ends the block early. */
  readonly record: Local
  readonly tlb: Node
  /** What the decoder left in a slot of the record. */
  field(op: MemoryOp, slot: number): Node
  readonly bank: RegisterBank
  readonly mode: Mode
  readonly runtime: RuntimeIndices
  readonly address: AddressForm
  /** Bytes of the immediate, if it is read where it lies. */
  readonly liveBytes: number
  /** Segments are what they were when the instruction began, and so is what is kept of them. */
  readonly segmentsStay: boolean
  /** Where they do not: whether they may have changed by here. */
  segmentsChanged: boolean
  /** Whether a segment, by number, is sure to be plain memory from 0 to the top. */
  isFlat(segment: Node): boolean
  /** Other processors run at the same time: what is locked is so for them, too. */
  readonly threads: boolean
  /** The instruction begins again: another processor has stored where it was about to, and nothing of it has happened. */
  again(): void
  /** Host addresses below it are scratch, not guest memory. */
  readonly memoryBase: number
  /** An access that a load or store to memory cannot make leaves: somebody else runs the instruction, of which nothing has happened. */
  readonly plainOnly: boolean
  /** The flags, if they are not where everybody finds them. */
  readonly flags: Flags | undefined
  /** Whether a relative target is sure to exist, where the code lies. */
  isNear(target: Node): boolean
  /** What a field is all through the code, if that is certain. */
  steady(field: StateField): bigint | undefined
  /** Fields that are elsewhere than where everybody finds them. */
  readonly fields: FieldBank | undefined
  /** Answers a `simd` host call by other code than the host's, or not: the halves of the vector, and the flags raised. */
  simd(values: readonly Node[]): readonly [Node, Node, Node] | undefined
  /** The same of a `fused` one. */
  fused(values: readonly Node[]): readonly [Node, Node, Node] | undefined
  /** Nobody reads the flags that this instruction writes. */
  readonly flagsDead: boolean
  /** A flag that it reads for them alone. */
  readonly keeps: ArithmeticFlag | undefined
  /** What the flags are, if that is certain here. */
  knownFlags: KnownFlags | undefined
  /** Branches and loops that this place is inside of. */
  depth: number
  /** Instructions of the budget that are not retired, this one among them. */
  left(): Node
  /** Positions of memory operands that are read and written: translated once, for writing. */
  readonly modified: ReadonlySet<number>
  /** Those that were, by position. */
  readonly translated: Map<number, Translated>
  /** Calls a described function; gives status and results. */
  call(
    procedure: Procedure<readonly (8 | 16 | 32 | 64)[], readonly (8 | 16 | 32 | 64)[]>,
    values: readonly Node[],
  ): readonly Node[]
  /** What must be undone when an access faults: POP to memory has moved RSP. */
  restore: (() => void) | undefined
  /** Leaves with the fault that has been noted. */
  leaveFault(): void
  /** The next instruction's offset goes here. */
  jump: (target: Node) => void
  exit(reason: number): void
}
