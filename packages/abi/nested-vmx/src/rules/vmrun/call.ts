import type { VmcbEntry } from '../../checks/vmcb-check.ts'

/** What a guest gets that executes VMRUN in vain. */
export type VmrunFailure = '#UD' | '#GP(0)' | 'exit -1'

/** VMRUN in L1. */
export interface Vmrun {
  readonly efer: bigint
  readonly paging: boolean
  readonly cpl: number
  readonly inSmm: boolean
  /** IA32_VM_HSAVE_PA is not 0. */
  readonly hasSaveArea: boolean
  /** The operand. */
  readonly vmcb: bigint
  /** Memory is there. */
  readonly mapped: boolean
  readonly entry: VmcbEntry
}
