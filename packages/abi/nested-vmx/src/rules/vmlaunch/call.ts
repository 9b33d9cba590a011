import type { L2Entry } from '../../checks/vmcs-check.ts'

/** What a guest gets that executes VMLAUNCH or VMRESUME in vain; an exit has bit 31 of its reason set. */
export type EntryFailure = '#UD' | '#GP(0)' | 'VMfailInvalid' | `VMfail ${number}` | `exit 0x${string}`

/** VMLAUNCH or VMRESUME in L1. */
export interface Vmlaunch {
  readonly instruction: 'VMLAUNCH' | 'VMRESUME'
  /** VMX root operation. */
  readonly vmxon: boolean
  readonly cpl: number
  /** The enlightened VMCS of the assist page, where one is asked for. */
  readonly enlightened: 'none' | 'mapped' | 'of another version' | 'not to be mapped'
  /** There is a current VMCS. */
  readonly current: boolean
  /** It is one that another shadows. */
  readonly isShadow: boolean
  /** MOV SS or POP SS holds events back. STI does not count. */
  readonly blockedByMovSs: boolean
  readonly launched: boolean
  readonly entry: L2Entry
}
