import { sdm } from '@vmm/source'
import type { Decoded } from '@vmm/x86-decoder'
import { type Instruction, mayBeTarget, missEndbranch } from '@vmm/x86-semantics'

/** Row numbers that no row has, so that the shapes of bytes that decode to nothing are kept apart. */
export const invalidRows = { 'no-endbranch': 4093, invalid: 4094, 'too-long': 4095 } as const

/** Whether it is one that the decoder knows, and not what stands for one that it does not. */
export const isInstruction = ({ row }: Decoded): boolean => row < invalidRows['no-endbranch']

/** What more than fifteen bytes do. */
export const tooLong: Instruction = {
  mnemonic: 'more than 15 bytes',
  source: sdm('2A', '2.3.11', 'Instruction Length'),
  execute: (m) => m.fault('GP', m.constant(0, 32)),
}

/** What any other instruction does where an ENDBRANCH must be. */
export const noEndbranch: Instruction = {
  mnemonic: 'no ENDBRANCH',
  source: sdm('1', '17.3.4', 'Indirect Branch Tracking'),
  execute: missEndbranch,
}

/** Where an ENDBRANCH must be: makes one without operands, and of that row, of an instruction that is none. True if it was none. */
export function isNoTarget(decoded: Decoded): boolean {
  if (decoded.mnemonic === tooLong.mnemonic || mayBeTarget(decoded, decoded)) return false
  decoded.row = invalidRows['no-endbranch']
  decoded.count = 0
  return true
}
