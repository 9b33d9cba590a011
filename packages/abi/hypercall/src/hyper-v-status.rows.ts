/**
 * What a Hyper-V hypercall comes to, in the low half of its result.
 *
 * Source: Hyper-V Top Level Functional Specification, appendix B; include/asm-generic/hyperv-tlfs.h of Linux 6.12.
 */
export const hyperVStatuses = {
  HV_STATUS_SUCCESS: 0,
  HV_STATUS_INVALID_HYPERCALL_CODE: 2,
  HV_STATUS_INVALID_HYPERCALL_INPUT: 3,
  HV_STATUS_INVALID_ALIGNMENT: 4,
  HV_STATUS_INVALID_PARAMETER: 5,
  HV_STATUS_ACCESS_DENIED: 6,
  HV_STATUS_OPERATION_DENIED: 8,
  HV_STATUS_INSUFFICIENT_MEMORY: 11,
  HV_STATUS_INVALID_PORT_ID: 17,
  HV_STATUS_INVALID_CONNECTION_ID: 18,
  HV_STATUS_INSUFFICIENT_BUFFERS: 19,
} as const

/** The name of a status. */
export type HyperVStatus = keyof typeof hyperVStatuses
