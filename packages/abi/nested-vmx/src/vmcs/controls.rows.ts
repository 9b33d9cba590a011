import { bit } from '@vmm/bits'

/**
 * Controls of pin-based VM execution.
 *
 * Source: SDM 3C 25.6.1 Pin-Based VM-Execution Controls.
 */
export const pinBased = {
  EXTERNAL_INTERRUPT_EXITING: bit( 0, 'external interrupts exit'),
  NMI_EXITING:                bit( 3, 'NMIs exit'),
  VIRTUAL_NMIS:               bit( 5, 'NMIs are never blocked, but virtually'),
  PREEMPTION_TIMER:           bit( 6, 'the VMX-preemption timer counts down'),
  POSTED_INTERRUPTS:          bit( 7, 'interrupts with the notification vector are posted'),
} as const

/**
 * Primary controls of processor-based VM execution.
 *
 * Source: SDM 3C 25.6.2 Processor-Based VM-Execution Controls.
 */
export const primaryBased = {
  INTERRUPT_WINDOW_EXITING: bit( 2, 'the guest exits when it can take an interrupt'),
  TSC_OFFSETTING:           bit( 3, 'the TSC offset is added'),
  HLT_EXITING:              bit( 7, 'HLT exits'),
  INVLPG_EXITING:           bit( 9, 'INVLPG exits'),
  MWAIT_EXITING:            bit(10, 'MWAIT exits'),
  RDPMC_EXITING:            bit(11, 'RDPMC exits'),
  RDTSC_EXITING:            bit(12, 'RDTSC and RDTSCP exit'),
  CR3_LOAD_EXITING:         bit(15, 'MOV to CR3 exits, but of CR3-target values'),
  CR3_STORE_EXITING:        bit(16, 'MOV from CR3 exits'),
  TERTIARY_CONTROLS:        bit(17, 'the tertiary controls count'),
  CR8_LOAD_EXITING:         bit(19, 'MOV to CR8 exits'),
  CR8_STORE_EXITING:        bit(20, 'MOV from CR8 exits'),
  TPR_SHADOW:               bit(21, 'the task priority is that of the virtual-APIC page'),
  NMI_WINDOW_EXITING:       bit(22, 'the guest exits when it has no virtual-NMI blocking'),
  MOV_DR_EXITING:           bit(23, 'MOV to and from debug registers exits'),
  UNCONDITIONAL_IO_EXITING: bit(24, 'I/O instructions exit'),
  USE_IO_BITMAPS:           bit(25, 'I/O instructions exit as the bitmaps say'),
  MONITOR_TRAP_FLAG:        bit(27, 'the guest exits after each instruction'),
  USE_MSR_BITMAPS:          bit(28, 'RDMSR and WRMSR exit as the bitmaps say'),
  MONITOR_EXITING:          bit(29, 'MONITOR exits'),
  PAUSE_EXITING:            bit(30, 'PAUSE exits'),
  SECONDARY_CONTROLS:       bit(31, 'the secondary controls count'),
} as const

/**
 * Secondary controls of processor-based VM execution.
 *
 * Source: SDM 3C 25.6.2 Processor-Based VM-Execution Controls.
 */
export const secondaryBased = {
  VIRTUALIZE_APIC_ACCESSES: bit( 0, 'accesses to the APIC-access page are virtualized'),
  EPT:                      bit( 1, 'guest-physical addresses are translated'),
  DESCRIPTOR_TABLE_EXITING: bit( 2, 'loads and stores of descriptor-table registers exit'),
  RDTSCP:                   bit( 3, 'there are RDTSCP and RDPID'),
  VIRTUALIZE_X2APIC:        bit( 4, 'MSRs of x2APIC mode are virtualized'),
  VPID:                     bit( 5, 'translations carry a virtual-processor identifier'),
  WBINVD_EXITING:           bit( 6, 'WBINVD exits'),
  UNRESTRICTED_GUEST:       bit( 7, 'the guest may run without paging, and in real mode'),
  APIC_REGISTERS:           bit( 8, 'APIC registers are virtualized'),
  VIRTUAL_INTERRUPTS:       bit( 9, 'virtual interrupts are evaluated and delivered'),
  PAUSE_LOOP_EXITING:       bit(10, 'loops of PAUSE exit'),
  RDRAND_EXITING:           bit(11, 'RDRAND exits'),
  INVPCID:                  bit(12, 'there is INVPCID'),
  VMFUNC:                   bit(13, 'there is VMFUNC'),
  VMCS_SHADOWING:           bit(14, 'VMREAD and VMWRITE may access a shadow VMCS'),
  ENCLS_EXITING:            bit(15, 'leaves of ENCLS exit as the bitmap says'),
  RDSEED_EXITING:           bit(16, 'RDSEED exits'),
  PML:                      bit(17, 'writes to guest-physical pages are logged'),
  EPT_VIOLATION_VE:         bit(18, 'EPT violations may be virtualization exceptions'),
  CONCEAL_VMX_FROM_PT:      bit(19, 'Processor Trace does not tell of VMX non-root operation'),
  XSAVES:                   bit(20, 'there are XSAVES and XRSTORS'),
  PASID_TRANSLATION:        bit(21, 'ENQCMD and ENQCMDS translate PASIDs'),
  MODE_BASED_EPT:           bit(22, 'EPT lets user and supervisor execute separately'),
  SUB_PAGE_WRITE:           bit(23, 'EPT lets write parts of pages'),
  PT_USES_GPA:              bit(24, 'Processor Trace uses guest-physical addresses'),
  TSC_SCALING:              bit(25, 'the TSC multiplier multiplies'),
  USER_WAIT_PAUSE:          bit(26, 'there are TPAUSE, UMONITOR and UMWAIT'),
  PCONFIG:                  bit(27, 'there is PCONFIG'),
  ENCLV_EXITING:            bit(28, 'leaves of ENCLV exit as the bitmap says'),
  BUS_LOCK_DETECTION:       bit(30, 'bus locks exit'),
  INSTRUCTION_TIMEOUT:      bit(31, 'an instruction that takes too long exits'),
} as const

/**
 * Tertiary controls of processor-based VM execution.
 *
 * Source: SDM 3C 25.6.2 Processor-Based VM-Execution Controls.
 */
export const tertiaryBased = {
  LOADIWKEY_EXITING:         bit( 0, 'LOADIWKEY exits'),
  HLAT:                      bit( 1, 'there is HLAT paging'),
  EPT_PAGING_WRITE:          bit( 2, 'EPT lets paging write separately'),
  GUEST_PAGING_VERIFICATION: bit( 3, 'EPT verifies guest paging'),
  IPI_VIRTUALIZATION:        bit( 4, 'interprocessor interrupts are virtualized'),
  MSR_LISTS:                 bit( 6, 'there are RDMSRLIST and WRMSRLIST'),
  VIRTUALIZE_SPEC_CTRL:      bit( 7, 'IA32_SPEC_CTRL is virtualized'),
} as const

/**
 * Primary controls of VM exits.
 *
 * Source: SDM 3C 25.7.1 VM-Exit Controls.
 */
export const exitPrimary = {
  SAVE_DEBUG:            bit( 2, 'DR7 and IA32_DEBUGCTL are saved'),
  HOST_64_BIT:           bit( 9, 'the host is in 64-bit mode'),
  LOAD_PERF_GLOBAL_CTRL: bit(12, 'IA32_PERF_GLOBAL_CTRL is loaded'),
  ACKNOWLEDGE_INTERRUPT: bit(15, 'an interrupt that exits is acknowledged'),
  SAVE_PAT:              bit(18, 'IA32_PAT is saved'),
  LOAD_PAT:              bit(19, 'IA32_PAT is loaded'),
  SAVE_EFER:             bit(20, 'IA32_EFER is saved'),
  LOAD_EFER:             bit(21, 'IA32_EFER is loaded'),
  SAVE_PREEMPTION_TIMER: bit(22, 'the VMX-preemption timer is saved'),
  CLEAR_BNDCFGS:         bit(23, 'IA32_BNDCFGS is cleared'),
  CONCEAL_VMX_FROM_PT:   bit(24, 'Processor Trace does not tell of exits'),
  CLEAR_RTIT_CTL:        bit(25, 'IA32_RTIT_CTL is cleared'),
  CLEAR_LBR_CTL:         bit(26, 'IA32_LBR_CTL is cleared'),
  CLEAR_UINV:            bit(27, 'UINV is cleared'),
  LOAD_CET:              bit(28, 'CET state is loaded'),
  LOAD_PKRS:             bit(29, 'IA32_PKRS is loaded'),
  SAVE_PERF_GLOBAL_CTRL: bit(30, 'IA32_PERF_GLOBAL_CTRL is saved'),
  SECONDARY_CONTROLS:    bit(31, 'the secondary controls of exits count'),
} as const

/**
 * Secondary controls of VM exits.
 *
 * Source: SDM 3C 25.7.1 VM-Exit Controls.
 */
export const exitSecondary = {
  PREMATURELY_BUSY_SHADOW_STACK: bit( 3, 'exits tell that a supervisor shadow stack became busy too early'),
} as const

/**
 * Controls of VM entries.
 *
 * Source: SDM 3C 25.8.1 VM-Entry Controls.
 */
export const entryPrimary = {
  LOAD_DEBUG:              bit( 2, 'DR7 and IA32_DEBUGCTL are loaded'),
  IA32E_MODE:              bit( 9, 'the guest is in IA-32e mode'),
  ENTRY_TO_SMM:            bit(10, 'the guest is in SMM'),
  DEACTIVATE_DUAL_MONITOR: bit(11, 'the default treatment of SMM is back'),
  LOAD_PERF_GLOBAL_CTRL:   bit(13, 'IA32_PERF_GLOBAL_CTRL is loaded'),
  LOAD_PAT:                bit(14, 'IA32_PAT is loaded'),
  LOAD_EFER:               bit(15, 'IA32_EFER is loaded'),
  LOAD_BNDCFGS:            bit(16, 'IA32_BNDCFGS is loaded'),
  CONCEAL_VMX_FROM_PT:     bit(17, 'Processor Trace does not tell of entries'),
  LOAD_RTIT_CTL:           bit(18, 'IA32_RTIT_CTL is loaded'),
  LOAD_UINV:               bit(19, 'UINV is loaded'),
  LOAD_CET:                bit(20, 'CET state is loaded'),
  LOAD_LBR_CTL:            bit(21, 'IA32_LBR_CTL is loaded'),
  LOAD_PKRS:               bit(22, 'IA32_PKRS is loaded'),
} as const
