/**
 * Fields of a VMCS that KVM does not keep for a hypervisor in the guest, and a processor of this project does: `[offset, control]`, behind
 * the end of what KVM has in a region, and the secondary control without which there is no such field.
 *
 * Source: SDM 3D B.1.1 16-Bit Control Field; SDM 3D B.2.1 64-Bit Control Fields; SDM 3D B.3.1 32-Bit Control Fields.
 */
export const ownFields = {
  EPTP_INDEX:             [2048, 'EPT_VIOLATION_VE'],
  VE_INFORMATION_ADDRESS: [2056, 'EPT_VIOLATION_VE'],
  PLE_GAP:                [2064, 'PAUSE_LOOP_EXITING'],
  PLE_WINDOW:             [2068, 'PAUSE_LOOP_EXITING'],
} as const
