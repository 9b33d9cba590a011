import type { Clock } from '@vmm/device'
import type { ApicBus } from './apic-bus.ts'
import type { TimeStampCounter } from './apic-timer.ts'

/** What a local APIC tells its processor besides vectors. */
export type ApicSignal =
  | { readonly kind: 'nmi' | 'smi' | 'init' }
  /** A startup IPI: begin at `vector << 12`, if waiting for one. */
  | { readonly kind: 'startup'; readonly vector: number }

/**
 * Where a local APIC leaves registers to its processor, by their x2APIC number, so that it need not be asked each time. What it has
 * shown and allowed holds until it says `forget`, as it does before anything changes.
 */
export interface ApicRegisters {
  /** The task priority register itself. */
  taskPriority: number
  /** The guest-physical address of the page that they are seen in; below zero, they are in none. Nothing is known of them there yet. */
  set place(address: number)
  /** What a load of a register gives, 0 to 63. */
  show(number: number, value: number): void
  /** A store to the task priority register does nothing but change it, and with it the processor priority. */
  letWrite(): void
  forget(): void
}

/** What a local APIC is made with. */
export interface LocalApicOptions {
  /** The initial APIC ID, 32 bits. In xAPIC mode its low byte is used. */
  readonly id: number
  readonly clock: Clock
  readonly bus: ApicBus
  readonly tsc: TimeStampCounter
  readonly bootstrap?: boolean
  /** Left out, each access is asked for. */
  readonly registers?: ApicRegisters | undefined
  /** MAXPHYADDR: bits of the base at and above it are reserved. */
  readonly physicalAddressBits?: number
  /** Whether the processor says it has x2APIC mode (CPUID.01H:ECX[21]). */
  readonly x2apic?: boolean
  /** Whether the processor says it has the TSC-deadline timer (CPUID.01H:ECX[24]). */
  readonly tscDeadline?: boolean
  /** The period of the timer's input clock. 1 is KVM's, 1 GHz. */
  readonly busNanoseconds?: number
  /** LINT0 after reset: `masked` as the manual says, or `external` as firmware leaves a bootstrap processor. */
  readonly lint0AtReset?: 'masked' | 'external'
  /** Vectors 0 to 15 from elsewhere: errors, as the manual says, or taken and never delivered, as KVM has it. Default: `errors`. */
  readonly illegalVectors?: 'errors' | 'taken'
  readonly onSignal?: (signal: ApicSignal) => void
  /** Something may have become pending that was not: a halted processor should look again. */
  readonly onInterrupt?: () => void
}
