import { createDecoder } from '@vmm/x86-decoder'
import { isExecuted } from '@vmm/x86-semantics'

/** Of what is executed: all other bytes are #UD, or the reserved NOP that they are to processors without their feature. */
export const { decode } = createDecoder(isExecuted)
