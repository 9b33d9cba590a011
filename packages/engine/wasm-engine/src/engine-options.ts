import type { Instruction, Surroundings } from '@vmm/x86-semantics'
import type { MemorySlot } from './guest-slots.ts'
import type { Counts } from './interpreter/run.ts'

/** What an engine runs on. */
export interface EngineOptions {
  /** Guest memory. */
  readonly slots: readonly MemorySlot[]
  /** Bytes of the machine's memory that slots lie in; left out, as much as the slots are together. */
  readonly memoryBytes?: number
  /** Whoever answers calls `resync` on the engine when that changed what is pending or when the next deadline is. */
  readonly ports: Surroundings
  /** `handlers` lets `handlerRuns` tell what the guest ran most, and costs a store a block. Nothing unless told. */
  readonly counts?: Counts
  /** Descriptions by mnemonic: others than those of x86-semantics, to see what a changed one does. */
  readonly instructions?: ReadonlyMap<string, Instruction>
}
