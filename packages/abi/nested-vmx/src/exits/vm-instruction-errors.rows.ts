/**
 * VM-instruction errors, by number. Numbers that are left out are reserved.
 *
 * Source: SDM 3C 31.4 VM Instruction Error Numbers; arch/x86/include/asm/vmx.h (Linux 6.12).
 */
export const vmInstructionErrors = {
  VMCALL_IN_VMX_ROOT_OPERATION:                      [ 1, 'VMCALL in VMX root operation'],
  VMCLEAR_INVALID_ADDRESS:                           [ 2, 'VMCLEAR of an address that is none of a VMCS'],
  VMCLEAR_VMXON_POINTER:                             [ 3, 'VMCLEAR of the VMXON region'],
  VMLAUNCH_NONCLEAR_VMCS:                            [ 4, 'VMLAUNCH of a VMCS that is launched'],
  VMRESUME_NONLAUNCHED_VMCS:                         [ 5, 'VMRESUME of a VMCS that is not launched'],
  VMRESUME_AFTER_VMXOFF:                             [ 6, 'VMRESUME behind VMXOFF and VMXON'],
  ENTRY_INVALID_CONTROL_FIELD:                       [ 7, 'entry with controls that are not in order'],
  ENTRY_INVALID_HOST_STATE_FIELD:                    [ 8, 'entry with host state that is not in order'],
  VMPTRLD_INVALID_ADDRESS:                           [ 9, 'VMPTRLD of an address that is none of a VMCS'],
  VMPTRLD_VMXON_POINTER:                             [10, 'VMPTRLD of the VMXON region'],
  VMPTRLD_INCORRECT_VMCS_REVISION_ID:                [11, 'VMPTRLD of a VMCS of another revision'],
  UNSUPPORTED_VMCS_COMPONENT:                        [12, 'VMREAD or VMWRITE of a field that there is none of'],
  VMWRITE_READ_ONLY_VMCS_COMPONENT:                  [13, 'VMWRITE of a field that is read-only'],
  VMXON_IN_VMX_ROOT_OPERATION:                       [15, 'VMXON in VMX root operation'],
  ENTRY_INVALID_EXECUTIVE_VMCS_POINTER:              [16, 'entry out of SMM: an executive-VMCS pointer that is none'],
  ENTRY_NONLAUNCHED_EXECUTIVE_VMCS:                  [17, 'entry out of SMM: the executive VMCS is not launched'],
  ENTRY_EXECUTIVE_VMCS_POINTER_NOT_VMXON_POINTER:    [18, 'entry out of SMM: the executive VMCS is not the VMXON region'],
  VMCALL_NONCLEAR_VMCS:                              [19, 'VMCALL to the monitor of SMM with a VMCS that is not clear'],
  VMCALL_INVALID_VM_EXIT_CONTROL_FIELDS:             [20, 'VMCALL to the monitor of SMM with exit controls that are not in order'],
  VMCALL_INCORRECT_MSEG_REVISION_ID:                 [22, 'VMCALL to a monitor of SMM of another revision'],
  VMXOFF_UNDER_DUAL_MONITOR_TREATMENT_OF_SMIS_AND_SMM: [23, 'VMXOFF under dual-monitor treatment of SMM'],
  VMCALL_INVALID_SMM_MONITOR_FEATURES:               [24, 'VMCALL to a monitor of SMM with features that there are not'],
  ENTRY_INVALID_VM_EXECUTION_CONTROL_FIELDS_IN_EXECUTIVE_VMCS: [25, 'entry out of SMM: controls of the executive VMCS are not in order'],
  ENTRY_EVENTS_BLOCKED_BY_MOV_SS:                    [26, 'entry behind MOV to SS'],
  INVALID_OPERAND_TO_INVEPT_INVVPID:                 [28, 'INVEPT or INVVPID of an operand that is not in order'],
} as const
