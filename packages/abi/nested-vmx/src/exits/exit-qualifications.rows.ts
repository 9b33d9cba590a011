import { bit, bits } from '@vmm/bits'

/**
 * Exit qualifications, by the exit reasons that have one.
 *
 * Source: SDM 3C 28.2.1 Basic VM-Exit Information; SDM 3C 27.8 VM-Entry Failures During or After Loading Guest State.
 */
export const qualificationFormats = {
  DEBUG_EXCEPTION: {
    B0:                   bit ( 0,     'breakpoint 0'),
    B1:                   bit ( 1,     'breakpoint 1'),
    B2:                   bit ( 2,     'breakpoint 2'),
    B3:                   bit ( 3,     'breakpoint 3'),
    BLD:                  bit (11,     'bus lock'),
    BD:                   bit (13,     'access to a debug register'),
    BS:                   bit (14,     'single step, or a branch'),
    RTM:                  bit (16,     'in a transaction'),
  },
  LINEAR_ADDRESS: {
    ADDRESS:              bits(63,  0, 'linear address'),
  },
  VECTOR: {
    VECTOR:               bits( 7,  0, 'vector'),
  },
  TASK_SWITCH: {
    SELECTOR:             bits(15,  0, 'selector of the new task'),
    INITIATED_BY:         bits(31, 30, 'who switches'),
  },
  CR_ACCESS: {
    REGISTER:             bits( 3,  0, 'control register'),
    ACCESS:               bits( 5,  4, 'access'),
    LMSW_MEMORY:          bit ( 6,     'the operand of LMSW is in memory'),
    GENERAL:              bits(11,  8, 'general register'),
    LMSW_SOURCE:          bits(31, 16, 'source of LMSW'),
  },
  DR_ACCESS: {
    REGISTER:             bits( 2,  0, 'debug register'),
    FROM:                 bit ( 4,     'MOV from the debug register'),
    GENERAL:              bits(11,  8, 'general register'),
  },
  IO_INSTRUCTION: {
    SIZE:                 bits( 2,  0, 'size'),
    IN:                   bit ( 3,     'IN'),
    STRING:               bit ( 4,     'string instruction'),
    REP:                  bit ( 5,     'REP prefix'),
    IMMEDIATE:            bit ( 6,     'the port is an immediate'),
    PORT:                 bits(31, 16, 'port'),
  },
  MWAIT: {
    ARMED:                bit ( 0,     'the address range is armed'),
  },
  INVALID_STATE: {
    FAILURE:              bits(63,  0, 'what failed'),
  },
  MSR_LOAD: {
    ENTRY:                bits(63,  0, 'entry of the list, from 1'),
  },
  APIC_ACCESS: {
    OFFSET:               bits(11,  0, 'offset in the page'),
    ACCESS:               bits(15, 12, 'access'),
    ASYNCHRONOUS:         bit (16,     'not of an instruction or an event’s delivery'),
  },
  APIC_WRITE: {
    OFFSET:               bits(11,  0, 'offset in the page'),
  },
  EPT_VIOLATION: {
    READ:                 bit ( 0,     'data read'),
    WRITE:                bit ( 1,     'data write'),
    FETCH:                bit ( 2,     'instruction fetch'),
    READABLE:             bit ( 3,     'readable'),
    WRITABLE:             bit ( 4,     'writable'),
    EXECUTABLE:           bit ( 5,     'executable, or executable for supervisors'),
    EXECUTABLE_USER:      bit ( 6,     'executable for users'),
    LINEAR_VALID:         bit ( 7,     'there is a linear address'),
    TRANSLATED:           bit ( 8,     'at the address that it translates to, not at a paging structure'),
    USER_PAGE:            bit ( 9,     'user-mode linear address'),
    WRITABLE_PAGE:        bit (10,     'writable linear address'),
    NO_EXECUTE_PAGE:      bit (11,     'execute-disable linear address'),
    NMI_UNBLOCKED:        bit (12,     'IRET unblocked NMIs'),
    SHADOW_STACK:         bit (13,     'shadow-stack access'),
    SUPERVISOR_SHADOW:    bit (14,     'supervisor shadow-stack page'),
    PAGING_VERIFICATION:  bit (15,     'guest-paging verification'),
    ASYNCHRONOUS:         bit (16,     'not of an instruction or an event’s delivery'),
  },
  PML_FULL: {
    NMI_UNBLOCKED:        bit (12,     'IRET unblocked NMIs'),
    ASYNCHRONOUS:         bit (16,     'not of an instruction or an event’s delivery'),
  },
  SPP_EVENT: {
    MISS:                 bit (11,     'missed, not misconfigured'),
    NMI_UNBLOCKED:        bit (12,     'IRET unblocked NMIs'),
  },
  INSTRUCTION_TIMEOUT: {
    CONTEXT_INVALID:      bit ( 0,     'the guest cannot go on'),
    NMI_UNBLOCKED:        bit (12,     'IRET unblocked NMIs'),
  },
} as const

/**
 * Which exit reason has which format; of exceptions, by vector.
 *
 * Source: SDM 3C 28.2.1 Basic VM-Exit Information.
 */
export const qualificationsOf = {
  SIPI_SIGNAL:        'VECTOR',
  TASK_SWITCH:        'TASK_SWITCH',
  INVLPG:             'LINEAR_ADDRESS',
  CR_ACCESS:          'CR_ACCESS',
  DR_ACCESS:          'DR_ACCESS',
  IO_INSTRUCTION:     'IO_INSTRUCTION',
  INVALID_STATE:      'INVALID_STATE',
  MSR_LOAD_FAIL:      'MSR_LOAD',
  MWAIT_INSTRUCTION:  'MWAIT',
  APIC_ACCESS:        'APIC_ACCESS',
  EOI_INDUCED:        'VECTOR',
  EPT_VIOLATION:      'EPT_VIOLATION',
  APIC_WRITE:         'APIC_WRITE',
  PML_FULL:           'PML_FULL',
  SPP_EVENT:          'SPP_EVENT',
  NOTIFY:             'INSTRUCTION_TIMEOUT',
} as const

/**
 * What values of fields that are no numbers mean.
 *
 * Source: SDM 3C 28.2.1 Basic VM-Exit Information; SDM 3C 27.8 VM-Entry Failures During or After Loading Guest State.
 */
export const qualificationValues = {
  INITIATED_BY: ['CALL', 'IRET', 'JMP', 'task gate'],
  CR_ACCESS:    ['MOV to CR', 'MOV from CR', 'CLTS', 'LMSW'],
  APIC_ACCESS:  ['read', 'write', 'fetch', 'read or write of an event’s delivery'],
  PHYSICAL:     { 10: 'guest-physical access of an event’s delivery', 15: 'guest-physical access of an instruction' },
  FAILURE:      { 0: 'guest state', 2: 'PDPTEs', 3: 'an NMI behind STI', 4: 'VMCS link pointer' },
  SIZE:         { 0: '1 byte', 1: '2 bytes', 3: '4 bytes' },
} as const
