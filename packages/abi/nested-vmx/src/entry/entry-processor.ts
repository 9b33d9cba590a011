import type { VmxMsr, VmxMsrs } from '../vmcs12/vmx-limits.ts'

/** What an entry is judged by of a processor: what of it does not change. */
export interface EntryProcessor {
  readonly physicalAddressWidth: number
  /** 57 where CR4.LA57 may be set. */
  readonly linearAddressWidth: 48 | 57
  readonly vmx: EntryMsrs
  /** Bits that the processor has of IA32_EFER. */
  readonly allowedEfer: bigint
  /** Bits that the processor has of IA32_DEBUGCTL. */
  readonly allowedDebugctl: bigint
  /** Bits that the processor has of IA32_PERF_GLOBAL_CTRL. */
  readonly allowedPerfGlobalCtrl: bigint
  /** Bits that the processor has of IA32_RTIT_CTL: none where it is left out. */
  readonly allowedRtitCtl?: bigint
  /** Bits that the processor has of IA32_LBR_CTL: none where it is left out. */
  readonly allowedLbrCtl?: bigint
  /** Bits 16 (RTM) and 11 (bus locks) of pending debug exceptions, where the processor has them. */
  readonly allowedPendingDebug?: bigint
  /** Bit 4 of the interruptibility state (enclave), where the processor has SGX. */
  readonly allowedInterruptibility?: bigint
}

/** What is around an entry: it may differ at each. */
export interface EntryFacts {
  /** IA32_EFER.LMA of who executes VMLAUNCH or VMRESUME. */
  readonly longMode: boolean
  readonly inSmm: boolean
  /** Address of the VMCS. */
  readonly currentVmcs: number
  /** The word of 32 bits at a physical address, a multiple of four; nothing where no memory is. */
  readonly memory: (address: number) => number | undefined
}

/** Capability MSRs that entries are judged by. */
export type EntryMsr = VmxMsr | 'IA32_VMX_PROCBASED_CTLS3' | 'IA32_VMX_EXIT_CTLS2'

/** Their values; those of the newest are 0 where they are left out, and the revision of a VMCS is KVM’s. */
export type EntryMsrs = VmxMsrs & Readonly<Partial<Record<EntryMsr, bigint>>>

/** A register of which a processor has some bits. */
export type AllowedBits =
  | 'allowedEfer'
  | 'allowedDebugctl'
  | 'allowedPerfGlobalCtrl'
  | 'allowedRtitCtl'
  | 'allowedLbrCtl'
  | 'allowedPendingDebug'
  | 'allowedInterruptibility'

/** Fields of controls, and the MSR that allows each: its halves for 32-bit ones, all of it for 64-bit ones. */
export type ControlFields = typeof controlFields

/** Fields of controls, and the MSR that allows each. Source: SDM 3D A.3 to A.5. */
export const controlFields = {
  PIN_BASED_VM_EXEC_CONTROL: 'IA32_VMX_TRUE_PINBASED_CTLS',
  CPU_BASED_VM_EXEC_CONTROL: 'IA32_VMX_TRUE_PROCBASED_CTLS',
  SECONDARY_VM_EXEC_CONTROL: 'IA32_VMX_PROCBASED_CTLS2',
  TERTIARY_VM_EXEC_CONTROL: 'IA32_VMX_PROCBASED_CTLS3',
  VM_EXIT_CONTROLS: 'IA32_VMX_TRUE_EXIT_CTLS',
  SECONDARY_VM_EXIT_CONTROLS: 'IA32_VMX_EXIT_CTLS2',
  VM_ENTRY_CONTROLS: 'IA32_VMX_TRUE_ENTRY_CTLS',
  VM_FUNCTION_CONTROL: 'IA32_VMX_VMFUNC',
} as const satisfies Readonly<Record<string, EntryMsr>>

/** Bits of a field of controls that must be 1, and that may be. */
export function allowedControls(
  processor: EntryProcessor,
  field: keyof ControlFields,
): readonly [least: bigint, most: bigint] {
  const value = processor.vmx[controlFields[field]] ?? 0n
  const isWhole = ['TERTIARY_VM_EXEC_CONTROL', 'SECONDARY_VM_EXIT_CONTROLS', 'VM_FUNCTION_CONTROL'].includes(field)
  return isWhole ? [0n, value] : [value & 0xffff_ffffn, value >> 32n]
}
