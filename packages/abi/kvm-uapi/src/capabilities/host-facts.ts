/**
 * What of a host some capabilities depend on: its processor, the vendor module, the kernel's configuration and the
 * modules' parameters. Whoever models a host fills it in; what is about a VM counts on a VM's file descriptor only.
 */
export interface HostFacts {
  /** Processors that are online. */
  readonly processorsOnline: number
  /** CONFIG_KVM_MAX_NR_VCPUS, or what stood there before it could be configured. */
  readonly maxVcpus: number
  /** CONFIG_KVM_HYPERV; always so before it could be configured. */
  readonly hyperv: boolean
  /** CONFIG_KVM_XEN. */
  readonly xen: boolean
  /** CONFIG_KVM_SMM, and a vendor module that can. */
  readonly smm: boolean
  /** CONFIG_X86_SGX_KVM. */
  readonly sgx: boolean
  /** CONFIG_KVM_SW_PROTECTED_VM, CONFIG_KVM_INTEL_TDX or SEV-SNP: private memory. */
  readonly memoryAttributes: boolean
  /** Whether the scheduler keeps account of waiting: CONFIG_SCHED_INFO, which CONFIG_SCHEDSTATS and CONFIG_TASK_DELAY_ACCT select. */
  readonly schedInfo: boolean
  /** Two-dimensional paging: EPT or NPT, not switched off. */
  readonly tdp: boolean
  readonly xsave: boolean
  /** The processor can scale the TSC. */
  readonly tscScaling: boolean
  /** The processor can leave the guest when it locks the bus. */
  readonly busLockExit: boolean
  /** The processor can leave the guest when no event is delivered for long. */
  readonly notifyExit: boolean
  /** A guest may execute MWAIT: the processor has it without a flaw, and an APIC timer that does not stop. */
  readonly mwait: boolean
  /** Processors whose SMT siblings share return predictions, where that is mitigated. */
  readonly smtRsbMitigated: boolean
  /** kvm.enable_pmu. */
  readonly pmu: boolean
  /** kvm_intel.allow_smaller_maxphyaddr, or no two-dimensional paging. */
  readonly smallerMaxphyaddr: boolean
  /** The vendor module accelerates the TPR without leaving the guest. */
  readonly acceleratedTpr: boolean
  /** Bytes of the vendor module's nested state: 0 where it has none. */
  readonly nestedStateBytes: number
  /** The vendor module can use enlightened VMCSs. */
  readonly enlightenedVmcs: boolean
  /** The vendor module can let Hyper-V flush L2's translations. */
  readonly directTlbFlush: boolean
  /** Bytes of an XSAVE area with every component that this process may give a guest. */
  readonly xsaveBytes: number
  /** Bit n for a type n of VM that can be made. */
  readonly vmTypes: number
  /** Which quirks the host has use for: all, or without that of the PAT where the processor needs none. */
  readonly ignorePatQuirk: boolean
}
