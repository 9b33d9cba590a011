import { bit, bits } from '@vmm/bits'

/**
 * Interruption information: of an event that an entry injects, that exited, and that was being delivered.
 *
 * Source: SDM 3C 25.8.3 VM-Entry Controls for Event Injection; SDM 3C 25.9.2 Information for VM Exits Due to Vectored
 * Events; SDM 3C 25.9.3 Information for VM Exits That Occur During Event Delivery.
 */
export const interruptionFormats = {
  ENTRY: {
    VECTOR:        bits( 7,  0, 'vector'),
    TYPE:          bits(10,  8, 'type'),
    ERROR_CODE:    bit (11,     'an error code is delivered'),
    VALID:         bit (31,     'there is an event'),
  },
  EXIT: {
    VECTOR:        bits( 7,  0, 'vector'),
    TYPE:          bits(10,  8, 'type'),
    ERROR_CODE:    bit (11,     'there is an error code'),
    NMI_UNBLOCKED: bit (12,     'IRET unblocked NMIs'),
    VALID:         bit (31,     'there is an event'),
  },
  IDT_VECTORING: {
    VECTOR:        bits( 7,  0, 'vector'),
    TYPE:          bits(10,  8, 'type'),
    ERROR_CODE:    bit (11,     'there is an error code'),
    VALID:         bit (31,     'there is an event'),
  },
} as const

/**
 * Types of events, by number. Nothing is of type 1.
 *
 * Source: SDM 3C Table 25-17 Format of the VM-Entry Interruption-Information Field.
 */
export const interruptionTypes = [
  'external interrupt', 'reserved', 'NMI', 'hardware exception', 'software interrupt', 'privileged software exception', 'software exception', 'other event',
] as const
