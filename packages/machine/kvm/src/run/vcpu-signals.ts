/** What user space has said of how a vCPU is run, that outlives a run. */
export interface VcpuSignals {
  /** Signals that are blocked while it runs, a bit each; none: those that its thread blocks. */
  mask: bigint | undefined
  /** Accesses to the task priority are told, with a local APIC in the kernel whose page is emulated for old systems. */
  reportsTpr: boolean
  /** Where the guest shares its task priority; 0: nowhere. */
  vapic: bigint
}
