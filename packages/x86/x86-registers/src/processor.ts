import type { StateField } from './state.ts'

/** The registers of a processor: named state, the general registers by number, and RFLAGS whole. */
export interface ProcessorRegisters {
  get(field: StateField): bigint
  set(field: StateField, value: bigint): void
  gpr(index: number): bigint
  setGpr(index: number, value: bigint): void
  rflags(): bigint
  setRflags(value: bigint): void
}

/** Translations that are told apart: a processor's own have VPID 0 and no EPT pointer. Source: SDM 3C 29.4. */
export interface TranslationSpace {
  readonly vpid: number
  readonly eptp: bigint
}

/** Those of a processor outside VMX non-root operation. */
export const ownTranslations: TranslationSpace = { vpid: 0, eptp: 0n }
