import { type GprName, gprIndex } from '@vmm/x86-registers'
import type { Width } from './algebra.ts'

/** Register files that an operand can name. Segment, control and debug registers are always known by number. */
export type OperandFile = 'gpr' | 'mmx' | 'xmm' | 'segment' | 'control' | 'debug' | 'x87'

/**
 * A register operand. `index` is its number, or `undefined` where a reading keeps the number beside the code
 * (the interpreter's records); descriptions may look at the index of segment, control, debug and x87 registers only.
 */
export interface RegisterOperand<W extends Width> {
  readonly kind: 'register'
  readonly file: OperandFile
  readonly width: W
  readonly index: number | undefined
  /** AH, CH, DH or BH: bits 15:8 of register `index`. */
  readonly highByte: boolean
  /** Which operand of the instruction it is, or -1 for a register the description names itself. */
  readonly position: number
}

/** The memory operand of an instruction. Its address is computed by the reader. */
export interface Memory<W extends Width> {
  readonly kind: 'memory'
  readonly width: W
  readonly position: number
  /** The vector register whose elements are indices, where there is one: `indexed` gives their addresses. */
  readonly vectorIndex?: RegisterOperand<Width>
}

/**
 * An immediate. `value` is known only to instructions that ask for it (`knows: 'immediate'`) and in readings that know
 * every operand; everyone else reads it with `m.read`.
 */
export interface Immediate<W extends Width> {
  readonly kind: 'immediate'
  readonly width: W
  readonly value: bigint | undefined
  readonly position: number
}

/** A near branch's displacement, or a far pointer. Read with `m.read`: the target offset, already added up and truncated. */
export interface Target {
  readonly kind: 'relative'
  readonly width: 64
  readonly position: number
}

/** A far pointer in the instruction: both halves are immediates. */
export interface FarPointer {
  readonly kind: 'far'
  readonly selector: Immediate<16>
  readonly offset: Immediate<32>
  readonly position: number
}

/** What can be read. */
export type Operand<W extends Width> = RegisterOperand<W> | Memory<W> | Immediate<W> | (W extends 64 ? Target : never)

/** What can be written. */
export type Place<W extends Width> = RegisterOperand<W> | Memory<W>

/** Any operand, as the decoder gives them to a description. */
export type AnyOperand = RegisterOperand<Width> | Memory<Width> | Immediate<Width> | Target | FarPointer

/** A general register that a description names itself. */
export function gpr<W extends 8 | 16 | 32 | 64>(name: GprName, width: W): RegisterOperand<W> {
  return { kind: 'register', file: 'gpr', width, index: gprIndex(name), highByte: false, position: -1 }
}

/** AH, which a few instructions name. */
export const AH: RegisterOperand<8> = {
  kind: 'register',
  file: 'gpr',
  width: 8,
  index: 0,
  highByte: true,
  position: -1,
}

/** An XMM register that a description names itself. */
export function xmm(index: number): RegisterOperand<128> {
  return { kind: 'register', file: 'xmm', width: 128, index, highByte: false, position: -1 }
}

/** A YMM register that a description names itself. */
export function ymm(index: number): RegisterOperand<256> {
  return { kind: 'register', file: 'xmm', width: 256, index, highByte: false, position: -1 }
}
