/**
 * Types of INVEPT: `[type, bit of IA32_VMX_EPT_VPID_CAP, says]`.
 *
 * Source: SDM 3C 31.3 INVEPT; SDM 3D A.10 VPID and EPT Capabilities.
 */
export const inveptTypes = {
  SINGLE_CONTEXT: [1, 25, 'translations of one EPT pointer'],
  ALL_CONTEXTS:   [2, 26, 'translations of every EPT pointer'],
} as const

/**
 * Types of INVVPID: `[type, bit of IA32_VMX_EPT_VPID_CAP, says]`.
 *
 * Source: SDM 3C 31.3 INVVPID; SDM 3D A.10 VPID and EPT Capabilities.
 */
export const invvpidTypes = {
  INDIVIDUAL_ADDRESS:     [0, 40, 'translations of one linear address of a VPID'],
  SINGLE_CONTEXT:         [1, 41, 'translations of a VPID'],
  ALL_CONTEXTS:           [2, 42, 'translations of every VPID but 0'],
  SINGLE_CONTEXT_GLOBALS: [3, 43, 'translations of a VPID, but global ones'],
} as const
