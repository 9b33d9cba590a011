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
  /** What others have made of where the state is, each at a number of its own, and keep as long as there is one. */
  readonly made: unknown[]
}

/** Translations that are told apart: a processor's own have VPID 0 and no EPT pointer. Source: SDM 3C 29.4. */
export interface TranslationSpace {
  readonly vpid: number
  readonly eptp: bigint
}

/** Those of a processor outside VMX non-root operation. */
export const ownTranslations: TranslationSpace = { vpid: 0, eptp: 0n }
