import { createDecoder } from '@vmm/x86-decoder'
import { isExecuted } from '@vmm/x86-semantics'

/** Of what is executed: hints of features that nobody has are the reserved NOPs that cases ask about. */
export const { decode } = createDecoder(isExecuted)
