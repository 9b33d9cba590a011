import type { NestedVcpu } from '../set-nested-state/call.ts'

/** What a guest gets that executes an instruction of VMX. */
export type VmxFailure = '#UD' | '#GP(0)' | 'VMfailInvalid' | `VMfail ${number}` | `exit ${number}`

/** VMXON in L1. */
export interface Vmxon {
  readonly vcpu: NestedVcpu
  readonly cr4: bigint
  /** Protected mode without virtual-8086 mode, and with a 64-bit code segment where long mode is active. */
  readonly modeIsRight: boolean
  readonly cpl: number
  /** VMX root operation already. */
  readonly vmxon: boolean
  /** IA32_FEATURE_CONTROL. */
  readonly featureControl: bigint
  /** The operand. */
  readonly region: bigint
  /** The first word of the region. */
  readonly revision: number | undefined
}
