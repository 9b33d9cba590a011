/**
 * Fields of a VMCB's control area that KVM keeps of a hypervisor in the guest: `[offset, bytes]`. The rest of the area
 * is 0 when it is told.
 *
 * Source: APM 2 B.1 Layout of VMCB, Control Area; arch/x86/kvm/svm/nested.c nested_copy_vmcb_cache_to_control (Linux 6.12).
 */
export const vmcbControlFields = {
  INTERCEPT_CR:           [0x000, 4],
  INTERCEPT_DR:           [0x004, 4],
  INTERCEPT_EXCEPTIONS:   [0x008, 4],
  INTERCEPT_WORD3:        [0x00c, 4],
  INTERCEPT_WORD4:        [0x010, 4],
  INTERCEPT_WORD5:        [0x014, 4],
  PAUSE_FILTER_THRESHOLD: [0x03c, 2],
  PAUSE_FILTER_COUNT:     [0x03e, 2],
  IOPM_BASE_PA:           [0x040, 8],
  MSRPM_BASE_PA:          [0x048, 8],
  TSC_OFFSET:             [0x050, 8],
  GUEST_ASID:             [0x058, 4],
  TLB_CONTROL:            [0x05c, 1],
  INT_CTL:                [0x060, 4],
  INT_VECTOR:             [0x064, 4],
  INT_STATE:              [0x068, 4],
  EXITCODE:               [0x070, 8],
  EXITINFO1:              [0x078, 8],
  EXITINFO2:              [0x080, 8],
  EXITINTINFO:            [0x088, 8],
  NESTED_CTL:             [0x090, 8],
  EVENTINJ:               [0x0a8, 8],
  N_CR3:                  [0x0b0, 8],
  VIRT_EXT:               [0x0b8, 8],
  NRIP:                   [0x0c8, 8],
} as const

/**
 * Fields of a VMCB's state save area, from the beginning of the VMCB: `[offset, bytes]`.
 *
 * Source: APM 2 B.2 Layout of VMCB, State Save Area; arch/x86/include/asm/svm.h vmcb_save_area (Linux 6.12).
 */
export const vmcbSaveFields = {
  ES:     [0x400, 16],
  CS:     [0x410, 16],
  SS:     [0x420, 16],
  DS:     [0x430, 16],
  FS:     [0x440, 16],
  GS:     [0x450, 16],
  GDTR:   [0x460, 16],
  LDTR:   [0x470, 16],
  IDTR:   [0x480, 16],
  TR:     [0x490, 16],
  CPL:    [0x4cb, 1],
  EFER:   [0x4d0, 8],
  CR4:    [0x548, 8],
  CR3:    [0x550, 8],
  CR0:    [0x558, 8],
  DR7:    [0x560, 8],
  DR6:    [0x568, 8],
  RFLAGS: [0x570, 8],
  RIP:    [0x578, 8],
  RSP:    [0x5d8, 8],
  RAX:    [0x5f8, 8],
  CR2:    [0x640, 8],
  G_PAT:  [0x668, 8],
} as const

/**
 * Of the save area, what KVM takes of a hypervisor's own state when its guest is restored: what VMRUN saves.
 *
 * Source: arch/x86/kvm/svm/nested.c svm_copy_vmrun_state (Linux 6.12).
 */
export const vmrunSaved = ['ES', 'CS', 'SS', 'DS', 'GDTR', 'IDTR', 'RFLAGS', 'EFER', 'CR0', 'CR3', 'CR4', 'RAX', 'RSP', 'RIP'] as const
