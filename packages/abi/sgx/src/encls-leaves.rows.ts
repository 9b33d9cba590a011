/**
 * The leaf functions of ENCLS that KVM knows, by their number in EAX, in the manual's order. What a processor has
 * beside them (ENCLV, and those of leaf 12H.0:EAX[6]) KVM gives no guest.
 *
 * Source: SDM 3D, Table 35-1 “Supervisor and User Mode Enclave Instruction Leaf Functions”; arch/x86/include/asm/sgx.h.
 */
export const enclsLeaves = {
  ECREATE: 0x00,
  EADD:    0x01,
  EINIT:   0x02,
  EREMOVE: 0x03,
  EDBGRD:  0x04,
  EDBGWR:  0x05,
  EEXTEND: 0x06,
  ELDB:    0x07,
  ELDU:    0x08,
  EBLOCK:  0x09,
  EPA:     0x0a,
  EWB:     0x0b,
  ETRACK:  0x0c,
  EAUG:    0x0d,
  EMODPR:  0x0e,
  EMODT:   0x0f,
} as const
