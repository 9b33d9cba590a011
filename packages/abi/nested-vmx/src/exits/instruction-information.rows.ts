import { bit, bits } from '@vmm/bits'

/** Where an operand in memory is. Source: SDM 3C Table 28-13. */
const memory = {
  SCALE:        bits( 1,  0, 'scale'),
  ADDRESS_SIZE: bits( 9,  7, 'address size: 16, 32 or 64 bits'),
  SEGMENT:      bits(17, 15, 'segment register'),
  INDEX:        bits(21, 18, 'index register'),
  NO_INDEX:     bit (22,     'there is no index register'),
  BASE:         bits(26, 23, 'base register'),
  NO_BASE:      bit (27,     'there is no base register'),
} as const

/** An operand that may be a register as well. Source: SDM 3C Tables 28-11 and 28-14. */
const register = {
  REGISTER_1:   bits( 6,  3, 'register operand'),
  IN_REGISTER:  bit (10,     'the operand is a register'),
} as const

/**
 * Instruction information: operands of the instruction that exited, by groups of instructions.
 *
 * Source: SDM 3C 28.2.5 Information for VM Exits Due to Instruction Execution, Tables 28-9 to 28-15.
 */
export const instructionFormats = {
  INS_OUTS: {
    ADDRESS_SIZE: bits( 9,  7, 'address size: 16, 32 or 64 bits'),
    SEGMENT:      bits(17, 15, 'segment register'),
  },
  INVALIDATION: {
    ...memory,
    REGISTER_2:   bits(31, 28, 'register operand'),
  },
  GDTR_IDTR: {
    ...memory,
    OPERAND_32:   bit (11,     'the operand has 32 bits'),
    INSTRUCTION:  bits(29, 28, 'SGDT, SIDT, LGDT or LIDT'),
  },
  LDTR_TR: {
    ...memory,
    ...register,
    INSTRUCTION:  bits(29, 28, 'SLDT, STR, LLDT or LTR'),
  },
  RANDOM: {
    REGISTER_1:   bits( 6,  3, 'register operand'),
    OPERAND_SIZE: bits(12, 11, 'operand size: 16, 32 or 64 bits'),
  },
  MEMORY: memory,
  VMREAD_VMWRITE: {
    ...memory,
    ...register,
    REGISTER_2:   bits(31, 28, 'register that names the field'),
  },
} as const

/**
 * Which exit reasons have which format. Exits of INS and OUTS have it where IA32_VMX_BASIC bit 54 says so.
 *
 * Source: SDM 3C 28.2.5 Information for VM Exits Due to Instruction Execution.
 */
export const instructionFormatsOf = {
  VMCLEAR:        'MEMORY',
  VMPTRLD:        'MEMORY',
  VMPTRST:        'MEMORY',
  VMREAD:         'VMREAD_VMWRITE',
  VMWRITE:        'VMREAD_VMWRITE',
  VMON:           'MEMORY',
  IO_INSTRUCTION: 'INS_OUTS',
  GDTR_IDTR:      'GDTR_IDTR',
  LDTR_TR:        'LDTR_TR',
  INVEPT:         'INVALIDATION',
  INVVPID:        'INVALIDATION',
  RDRAND:         'RANDOM',
  INVPCID:        'INVALIDATION',
  RDSEED:         'RANDOM',
  XSAVES:         'MEMORY',
  XRSTORS:        'MEMORY',
} as const
