import type { Clock } from '@vmm/device'
import type { ApicBus } from './apic-bus.ts'
import type { TimeStampCounter } from './apic-timer.ts'

/** What a local APIC tells its processor besides vectors. */
export type ApicSignal =
  | { readonly kind: 'nmi' | 'smi' | 'init' }
  /** A startup IPI: begin at `vector << 12`, if waiting for one. */
  | { readonly kind: 'startup'; readonly vector: number }

/** What a local APIC is made with. */
export interface LocalApicOptions {
  /** The initial APIC ID, 32 bits. In xAPIC mode its low byte is used. */
  readonly id: number
  readonly clock: Clock
  readonly bus: ApicBus
  readonly tsc: TimeStampCounter
  readonly bootstrap?: boolean
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
