import type { CpuidAnswer, CpuidEntry, CpuidTable } from './entry.ts'

/** A guest's CPUID, as KVM answers it step by step. */
export interface CpuidExecution {
  readonly table: CpuidTable
  /** RAX and RCX as the guest has them. */
  readonly rax: bigint
  readonly rcx: bigint
  /** CPL of the guest; 0 in system management mode. */
  readonly cpl: 0 | 1 | 2 | 3
  /** MSR_MISC_FEATURES_ENABLES[0]. */
  readonly faulting: boolean
  /** IA32_TSX_CTRL; `undefined` where the vCPU has none. */
  readonly tsxCtrl: bigint | undefined
  /** The vCPU has HV_ACCESS_TSC_INVARIANT and HV_X64_MSR_TSC_INVARIANT_CONTROL is still 0. */
  readonly invariantTscHidden: boolean
  /** The inputs, 32 bits each. */
  readonly leaf: number
  readonly index: number
  /** The leaf that answers: another one where the leaf asked for is out of range. */
  readonly answering: number
  readonly found: CpuidEntry | undefined
  /** Whether a leaf out of range is answered by the highest basic one. */
  readonly redirects: boolean
  readonly answer: CpuidAnswer
}

/** Four zeros. */
export const noAnswer: CpuidAnswer = { eax: 0, ebx: 0, ecx: 0, edx: 0 }

/** An execution before its first step. */
export function anExecution(changes: Partial<CpuidExecution> = {}): CpuidExecution {
  return {
    table: [],
    rax: 0n,
    rcx: 0n,
    cpl: 0,
    faulting: false,
    tsxCtrl: undefined,
    invariantTscHidden: false,
    leaf: 0,
    index: 0,
    answering: 0,
    found: undefined,
    redirects: true,
    answer: noAnswer,
    ...changes,
  }
}
