import { sdm } from '@vmm/source'
import type { Instruction } from '@vmm/x86-semantics'

/** Row numbers that no row has, so that the shapes of bytes that decode to nothing are kept apart. */
export const invalidRows = { invalid: 4094, 'too-long': 4095 } as const

/** What more than fifteen bytes do. */
export const tooLong: Instruction = {
  mnemonic: 'more than 15 bytes',
  source: sdm('2A', '2.3.11', 'Instruction Length'),
  execute: (m) => m.fault('GP', m.constant(0, 32)),
}
