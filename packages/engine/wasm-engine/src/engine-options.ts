import type { Surroundings } from '@vmm/x86-semantics'
import type { GuestMachine, GuestMachineOptions } from './guest-machine.ts'

/** Whom a processor asks. */
interface Asking {
  /** Whoever answers calls `resync` on the engine when that changed what is pending or when the next deadline is. */
  readonly ports: Surroundings
}

/** What an engine runs on: a machine of its own, or one that other processors run too. */
export type EngineOptions =
  | (GuestMachineOptions & { readonly machine?: never } & Asking)
  | ({ readonly machine: GuestMachine } & Asking)
