import type { NestedState } from '../../nested-state.ts'

/** KVM_GET_NESTED_STATE on its way: what it looks at and leaves. */
export interface GetNestedState {
  /** Whether the vendor module has a nested state at all. */
  readonly supported: boolean
  /** Whether the size can be read. */
  readonly readable: boolean
  /** What user space says it has room for. */
  readonly size: number
  /** From the beginning, how many bytes can be written. */
  readonly writable: number
  readonly state: NestedState
  /** Whether the guest's CPUID has VMX. */
  readonly hasVmx: boolean
  /** How many bytes there are to tell. */
  readonly needed: number
  /** How many of them are written. */
  readonly written: number
  /** The size that is written instead, where there is no room. */
  readonly toldSize: number | undefined
}
