import { since } from '@vmm/rule'
/**
 * What KVM tells a hypervisor in the guest of VMX where the processor can do all of it, by MSR.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_vmx_setup_ctls_msrs and what it calls (Linux 6.12.117); of CET commits 42ae6448531b (“KVM: nVMX:
 * Advertise new VM-Entry/Exit control bits for CET state”) and 033cc166f029 (“KVM: nVMX: Virtualize NO_HW_ERROR_CODE_CC for L1 event injection to L2”).
 */
export const offeredMsrs = {
  IA32_VMX_BASIC:               [0x480, 0x01d8_1000_11e5_7ed0n],
  IA32_VMX_MISC:                [0x485, 0x0000_0000_2000_0165n],
  IA32_VMX_CR0_FIXED0:          [0x486, 0x0000_0000_8000_0021n],
  IA32_VMX_CR0_FIXED1:          [0x487, 0x0000_0000_ffff_ffffn],
  IA32_VMX_CR4_FIXED0:          [0x488, 0x0000_0000_0000_2000n],
  IA32_VMX_CR4_FIXED1:          [0x489, 0x0000_0000_0077_2fffn],
  IA32_VMX_PROCBASED_CTLS2:     [0x48b, 0x0613_fbff_0000_0000n],
  IA32_VMX_EPT_VPID_CAP:        [0x48c, 0x0000_0f01_0633_40c1n],
  IA32_VMX_TRUE_PINBASED_CTLS:  [0x48d, 0x0000_00ff_0000_0016n],
  IA32_VMX_TRUE_PROCBASED_CTLS: [0x48e, 0xfff9_fffe_0400_6172n],
  IA32_VMX_TRUE_EXIT_CTLS:      [0x48f, 0x10ff_ffff_0003_6dfbn],
  IA32_VMX_TRUE_ENTRY_CTLS:     [0x490, 0x0011_f3ff_0000_11fbn],
  IA32_VMX_VMFUNC:              [0x491, 0x0000_0000_0000_0001n],
} as const

const between52and510 = since({ absentIn: '5.2', presentIn: '5.10' })

/**
 * What of that not every release offers: `[index, bits, lifetime]`. Bits of controls are those that may be set.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_vmx_setup_ctls_msrs (Linux 6.12.117, 6.1.192, 5.10.13, 5.2); commit bf0cd88ce363
 * (“KVM: x86: emulate wait-for-SIPI and SIPI-VMExit”); commit 72add915fbd5 (“KVM: VMX: Enable SGX virtualization for SGX1,
 * SGX2 and LC”); commit d041b5ea9335 (“KVM: nVMX: Enable nested TSC scaling”); commits 42ae6448531b and 033cc166f029, as above.
 */
export const offeredSince = {
  ANY_ERROR_CODE:              [0x480, 1n << 56n, since('6.18')],
  WAIT_FOR_SIPI:               [0x485, 1n << 8n,  since('5.11')],
  ENCLS_EXITING:               [0x48b, 1n << 47n, since('5.13')],
  TSC_SCALING:                 [0x48b, 1n << 57n, since('5.14')],
  EPT_LEVELS_5:                [0x48c, 1n << 7n,  between52and510],
  EXIT_LOAD_PERF_GLOBAL_CTRL:  [0x48f, 1n << 44n, between52and510],
  EXIT_LOAD_CET:               [0x48f, 1n << 60n, since('6.18')],
  ENTRY_LOAD_PERF_GLOBAL_CTRL: [0x490, 1n << 45n, between52and510],
  ENTRY_LOAD_CET:              [0x490, 1n << 52n, since('6.18')],
} as const
