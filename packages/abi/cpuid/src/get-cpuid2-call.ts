import type { CpuidTable } from './entry.ts'
import type { RuntimeUpdate } from './rules/runtime/runtime-state.ts'

/** All that a rule of KVM_GET_CPUID2 looks at, and what its steps change. */
export interface GetCpuid2Call extends Omit<RuntimeUpdate, 'table'> {
  readonly request: {
    readonly header: 'usable' | 'faults' | 'read-only'
    /** How many entries user space says there is room for. */
    readonly nent: number
    /** How many entries can be written before a fault. */
    readonly writable: number
  }
  readonly stored: CpuidTable
  /** A runtime update of the stored table is due. */
  readonly pending: boolean
  /** What user space is told. */
  readonly told: {
    /** `'kernel memory'`: something else, that nobody can foretell. */
    readonly entries: CpuidTable | 'kernel memory'
    readonly nent: number
  }
}
