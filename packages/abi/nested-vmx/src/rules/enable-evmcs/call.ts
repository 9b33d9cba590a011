/** KVM_ENABLE_CAP of KVM_CAP_HYPERV_ENLIGHTENED_VMCS on a vCPU. */
export interface EnableEvmcs {
  /** The vendor module can. */
  readonly supported: boolean
  /** KVM itself may show guests VMX. */
  readonly hasVmx: boolean
  /** Two bytes can be written at the first argument. */
  readonly writable: boolean
  /** What is left. */
  readonly enabled: boolean
  /** What is written: the newest version in the upper byte, the oldest in the lower one. */
  readonly version: number
}
