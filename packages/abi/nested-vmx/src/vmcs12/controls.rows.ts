/**
 * Controls of pin-based VM execution.
 *
 * Source: SDM 3C 25.6.1 Pin-Based VM-Execution Controls.
 */
export const pinControls = {
  EXTERNAL_INTERRUPT_EXITING: 0x01n,
  NMI_EXITING:                0x08n,
  VIRTUAL_NMIS:               0x20n,
  PREEMPTION_TIMER:           0x40n,
  POSTED_INTERRUPTS:          0x80n,
} as const

/**
 * Primary controls of processor-based VM execution.
 *
 * Source: SDM 3C 25.6.2 Processor-Based VM-Execution Controls.
 */
export const primaryControls = {
  INTERRUPT_WINDOW_EXITING: 0x0000_0004n,
  TSC_OFFSETTING:           0x0000_0008n,
  HLT_EXITING:              0x0000_0080n,
  INVLPG_EXITING:           0x0000_0200n,
  MWAIT_EXITING:            0x0000_0400n,
  RDPMC_EXITING:            0x0000_0800n,
  RDTSC_EXITING:            0x0000_1000n,
  CR3_LOAD_EXITING:         0x0000_8000n,
  CR3_STORE_EXITING:        0x0001_0000n,
  CR8_LOAD_EXITING:         0x0008_0000n,
  CR8_STORE_EXITING:        0x0010_0000n,
  TPR_SHADOW:               0x0020_0000n,
  NMI_WINDOW_EXITING:       0x0040_0000n,
  MOV_DR_EXITING:           0x0080_0000n,
  UNCONDITIONAL_IO_EXITING: 0x0100_0000n,
  USE_IO_BITMAPS:           0x0200_0000n,
  MONITOR_TRAP_FLAG:        0x0800_0000n,
  USE_MSR_BITMAPS:          0x1000_0000n,
  MONITOR_EXITING:          0x2000_0000n,
  PAUSE_EXITING:            0x4000_0000n,
  SECONDARY_CONTROLS:       0x8000_0000n,
} as const

/**
 * Secondary controls of processor-based VM execution.
 *
 * Source: SDM 3C 25.6.2 Processor-Based VM-Execution Controls.
 */
export const secondaryControls = {
  VIRTUALIZE_APIC_ACCESSES:  0x0000_0001n,
  EPT:                       0x0000_0002n,
  DESCRIPTOR_TABLE_EXITING:  0x0000_0004n,
  RDTSCP:                    0x0000_0008n,
  VIRTUALIZE_X2APIC:         0x0000_0010n,
  VPID:                      0x0000_0020n,
  WBINVD_EXITING:            0x0000_0040n,
  UNRESTRICTED_GUEST:        0x0000_0080n,
  APIC_REGISTERS:            0x0000_0100n,
  VIRTUAL_INTERRUPTS:        0x0000_0200n,
  PAUSE_LOOP_EXITING:        0x0000_0400n,
  RDRAND_EXITING:            0x0000_0800n,
  INVPCID:                   0x0000_1000n,
  VMFUNC:                    0x0000_2000n,
  VMCS_SHADOWING:            0x0000_4000n,
  ENCLS_EXITING:             0x0000_8000n,
  RDSEED_EXITING:            0x0001_0000n,
  PML:                       0x0002_0000n,
  EPT_VIOLATION_VE:          0x0004_0000n,
  CONCEAL_VMX_FROM_PT:       0x0008_0000n,
  XSAVES:                    0x0010_0000n,
  MODE_BASED_EPT:            0x0040_0000n,
  PT_USES_GPA:               0x0100_0000n,
  TSC_SCALING:               0x0200_0000n,
  USER_WAIT_PAUSE:           0x0400_0000n,
} as const

/**
 * Controls of VM exits.
 *
 * Source: SDM 3C 25.7.1 VM-Exit Controls.
 */
export const exitControls = {
  SAVE_DEBUG:             0x0000_0004n,
  HOST_64_BIT:            0x0000_0200n,
  LOAD_PERF_GLOBAL_CTRL:  0x0000_1000n,
  ACKNOWLEDGE_INTERRUPT:  0x0000_8000n,
  SAVE_PAT:               0x0004_0000n,
  LOAD_PAT:               0x0008_0000n,
  SAVE_EFER:              0x0010_0000n,
  LOAD_EFER:              0x0020_0000n,
  SAVE_PREEMPTION_TIMER:  0x0040_0000n,
  CLEAR_BNDCFGS:          0x0080_0000n,
} as const

/**
 * Controls of VM entries.
 *
 * Source: SDM 3C 25.8.1 VM-Entry Controls.
 */
export const entryControls = {
  LOAD_DEBUG:            0x0000_0004n,
  IA32E_MODE:            0x0000_0200n,
  LOAD_PERF_GLOBAL_CTRL: 0x0000_2000n,
  LOAD_PAT:              0x0000_4000n,
  LOAD_EFER:             0x0000_8000n,
  LOAD_BNDCFGS:          0x0001_0000n,
} as const

/**
 * What KVM tells a hypervisor in the guest of VMX where the processor can do all of it, by MSR.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_vmx_setup_ctls_msrs and what it calls (Linux 6.12.117).
 */
export const offeredMsrs = {
  IA32_VMX_MISC:                [0x485, 0x0000_0000_2000_0165n],
  IA32_VMX_CR0_FIXED0:          [0x486, 0x0000_0000_8000_0021n],
  IA32_VMX_CR0_FIXED1:          [0x487, 0x0000_0000_ffff_ffffn],
  IA32_VMX_CR4_FIXED0:          [0x488, 0x0000_0000_0000_2000n],
  IA32_VMX_CR4_FIXED1:          [0x489, 0x0000_0000_0077_2fffn],
  IA32_VMX_PROCBASED_CTLS2:     [0x48b, 0x0613_fbff_0000_0000n],
  IA32_VMX_EPT_VPID_CAP:        [0x48c, 0x0000_0f01_0633_40c1n],
  IA32_VMX_TRUE_PINBASED_CTLS:  [0x48d, 0x0000_00ff_0000_0016n],
  IA32_VMX_TRUE_PROCBASED_CTLS: [0x48e, 0xfff9_fffe_0400_6172n],
  IA32_VMX_TRUE_EXIT_CTLS:      [0x48f, 0x00ff_ffff_0003_6dfbn],
  IA32_VMX_TRUE_ENTRY_CTLS:     [0x490, 0x0001_f3ff_0000_11fbn],
  IA32_VMX_VMFUNC:              [0x491, 0x0000_0000_0000_0001n],
} as const
