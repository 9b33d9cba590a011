import { type OpcodeRow, rowAt, type SizedMnemonic, sizedMnemonics } from '@vmm/x86-opcodes'
import type { Decoded } from './decoded.ts'

/** The row of the opcode map that an instruction was decoded by. */
export function rowOf(decoded: Pick<Decoded, 'row'>): OpcodeRow {
  return rowAt(decoded.row)
}

const sized: Readonly<Record<string, SizedMnemonic | undefined>> = sizedMnemonics

/** The mnemonic with its size where the manual spells sizes apart: `CDQE`, `MOVSQ`, `JECXZ`, `IRETD`. */
export function sizedMnemonicOf({
  mnemonic,
  operandSize,
  addressSize,
}: Pick<Decoded, 'mnemonic' | 'operandSize' | 'addressSize'>): string {
  const names = sized[mnemonic]
  if (names === undefined) return mnemonic
  const size = names.by === 'operand' ? operandSize : addressSize
  return names.names[size === 16 ? 0 : size === 32 ? 1 : 2]
}
