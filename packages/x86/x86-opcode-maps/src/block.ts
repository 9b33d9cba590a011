import type { Source } from '@vmm/source'
import { type Attribute, encodingOf, type OpcodeRow, type OperandCode, type OperandEncoding } from '@vmm/x86-opcodes'

/** A row maker for one block of the map, whose source all its rows share. */
export function block(source: Source) {
  return (
    opcode: string,
    encoding: OperandEncoding,
    operands: readonly OperandCode[],
    mnemonic: string,
    attributes: readonly Attribute[] = [],
    needs?: string,
  ): OpcodeRow => ({ opcode, encoding, operands, mnemonic, attributes, needs, source })
}

/** A row maker for blocks whose operand encodings are what the operand codes amount to: VEX, EVEX, XOP. */
export function vectorBlock(source: Source) {
  return (
    opcode: string,
    operands: readonly OperandCode[],
    mnemonic: string,
    needs: string,
    attributes: readonly Attribute[] = [],
  ): OpcodeRow => ({
    opcode,
    encoding: encodingOf(operands),
    operands,
    mnemonic,
    attributes,
    needs,
    source,
  })
}

/** A row maker for blocks of APX, which is of 64-bit code and decoded where it is asked for alone; EVEX counts no displacement there but in bytes. */
export function apxBlock(source: Source) {
  return (
    opcode: string,
    operands: readonly OperandCode[],
    mnemonic: string,
    attributes: readonly Attribute[] = [],
    besides?: string,
  ): OpcodeRow => ({
    opcode,
    encoding: encodingOf(operands),
    operands,
    mnemonic,
    attributes: ['optional', 'only64', ...(opcode.startsWith('EVEX') ? (['n8'] as const) : []), ...attributes],
    needs: besides === undefined ? 'APX_F' : `APX_F ${besides}`,
    source,
  })
}
