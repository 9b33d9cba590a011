import type { Source } from '@vmm/source'
import type { enlightenedChecks } from '../checks/enlightened-checks.rows.ts'
import type { entryExitChecks } from '../checks/entry-exit-checks.rows.ts'
import type { executionChecks } from '../checks/execution-checks.rows.ts'
import type { guestChecks } from '../checks/guest-checks.rows.ts'
import type { hostChecks } from '../checks/host-checks.rows.ts'
import type { VmcsValues } from '../vmcs/vmcs-layout.ts'
import type { Condition } from './condition.ts'
import type { EntryFacts, EntryMsr } from './entry-processor.ts'
import type { SoundVmcs } from './sound-vmcs.ts'

/** A check that KVM makes: a promise of the same name. */
export type KvmCheck =
  | keyof typeof executionChecks
  | keyof typeof entryExitChecks
  | keyof typeof enlightenedChecks
  | keyof typeof hostChecks
  | keyof typeof guestChecks
  | 'vmlaunch-host-width'

/** One sentence of the manual about what a VMCS must be for an entry: a row. */
export interface EntryCheck {
  readonly says: string
  readonly source: Source
  /** When it is asked; left out, always. */
  readonly when?: Condition
  /** What must hold then. */
  readonly holds: Condition
  /** Checks of KVM that find the same, all of it or some. */
  readonly kvm?: readonly KvmCheck[]
  /** The exit qualification where guest state fails; 0 where it is left out. */
  readonly qualification?: 2 | 3 | 4
  readonly witness: EntryWitness
}

/** A VMCS that fails a check, and the nearest that passes: both sides of the sentence. */
export interface EntryWitness {
  /** The sound VMCS to begin with: a host and a guest with 64 bits where it is left out. */
  readonly from?: SoundVmcs
  /** What the processor lacks: bits of a capability MSR. Else it has all that the manual has. */
  readonly processor?: { readonly without: readonly [msr: EntryMsr, bits: bigint] }
  readonly facts?: Partial<EntryFacts>
  /** Each breaks the check and no earlier one with the first fields, and is sound again with the second on top. */
  readonly breaks: readonly (readonly [broken: VmcsValues, mended: VmcsValues])[]
}

/** A table of checks. */
export type EntryChecks = Readonly<Record<string, EntryCheck>>
