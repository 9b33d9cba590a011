import type { StateField } from './state.ts'

/** The registers of a processor: named state, the general registers by number, and RFLAGS whole. */
export interface ProcessorRegisters {
  get(field: StateField): bigint
  set(field: StateField, value: bigint): void
  /** The lower 32 bits of a field, as an unsigned number. */
  word(field: StateField): number
  /** A field other than MONITOR becomes a number of at most 32 bits. */
  setWord(field: StateField, value: number): void
  gpr(index: number): bigint
  setGpr(index: number, value: bigint): void
  rflags(): bigint
  setRflags(value: bigint): void
  /** Left out, fields are moved one by one. */
  readonly stateMemory?: StateMemory
}

/** Where a processor keeps its named state: little-endian, each field as wide as `stateFields` says, at a multiple of its size. */
export interface StateMemory {
  /** The state, and more. */
  readonly buffer: ArrayBufferLike
  /** Where a field begins in the buffer. Writing there is `set`, which does more only of MONITOR. */
  offset(field: StateField): number
  /** The same of a general register of 64 bits. */
  gprOffset(index: number): number
  /** Zeros beside the state, for who keeps there what is moved to state and from it; each at a multiple of its size. Left out, there are none. */
  readonly beside?: { readonly offset: number; readonly bytes: number }
  /**
   * Makes one function of moves that follow each other. Where a place does not hold what is supposed of it nothing is moved, and the function
   * gives 0; else 1. Left out, state is moved field by field.
   */
  compile?(moves: readonly StateMove[], supposed?: readonly StateSupposition[]): () => number
  /** What others have made of where the state is, each at a number of its own, and keep as long as there is one. */
  readonly made: unknown[]
}

/** Some bytes of the buffer, at a multiple of their number: 1, 2, 4 or 8. */
export interface StatePlace {
  readonly offset: number
  readonly bytes: number
}

/** A place becomes what another one holds, or a number of at most 32 bits: what is too much is left out, what is missing is zero. */
export interface StateMove {
  readonly to: StatePlace | 'RFLAGS'
  readonly from: StatePlace | number | 'RFLAGS'
}

/** A place of at most four bytes holds a number, under a mask. */
export interface StateSupposition {
  readonly at: StatePlace
  readonly mask: number
  readonly is: number
}

/** A field of a VMCS in the memory beside the state, as VMREAD and VMWRITE find it. */
export interface FieldBeside {
  readonly encoding: number
  /** Its place there, and how long it is. */
  readonly offset: number
  readonly bytes: 2 | 4 | 8
  readonly writable: boolean
  /** What is left of a VMWRITE that changes any of the bits that are looked at. */
  readonly marks: number
  readonly looked: bigint
}

/** Translations that are told apart: a processor's own have VPID 0 and no EPT pointer. Source: SDM 3C 29.4. */
export interface TranslationSpace {
  readonly vpid: number
  readonly eptp: bigint
}

/** Those of a processor outside VMX non-root operation. */
export const ownTranslations: TranslationSpace = { vpid: 0, eptp: 0n }
