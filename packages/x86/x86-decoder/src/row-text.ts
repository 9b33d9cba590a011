import { type OpcodeRow, rowAt } from '@vmm/x86-opcodes'
import type { Decoded } from './decoded.ts'
import { sizedMnemonicOf } from './row-of.ts'

/** What of a row is written, found once. */
export interface RowText {
  /** Mnemonics at 16, 32 and 64 bits of operands, and then the same by the address size; lower case. */
  readonly names: readonly string[]
  readonly repeats: boolean
  readonly compares: boolean
  /** Its address size and its segment are in no operand. */
  readonly implicitMemory: boolean
  /** Its operand size is in no operand, and may be in no name: which size is usual in 64-bit code, or none where only a name says it. */
  readonly unsaid: 0 | 32 | 64
  /** An operand that is memory of the operand size and a selector, or of two bounds. */
  readonly pointer: 'none' | 'far' | 'bounds'
  /** A condition ends its name. */
  readonly conditional: boolean
  /** The vector that an element is broadcast to is so many times halved. */
  readonly halved: number
}

/** Instructions with implicit memory or a counter, whose address size and segment no operand shows. */
const implicitMemory = /^(?:LOOP|XLAT|MASKMOV|MONITOR|INS|OUTS)/
const sizes = [16, 32, 64] as const

/** Instructions whose operand size matters though no operand may show it. */
const unsized =
  /^(?:PUSH[AF]?|POP[AF]?|IRET|RETF|CALLF?|JMPF?|J\w+|LOOP\w*|XBEGIN|ENTER|LEAVE|[LS][GI]DT|FLDENV|FRSTOR|FNSTENV|FNSAVE)$/

/** The size that an instruction has in 64-bit code without prefixes, if its size is one that is not shown. */
function unsaidSize({ mnemonic, attributes, operands }: OpcodeRow): RowText['unsaid'] {
  const isShown = operands.some((code) => code === 'Ev' || code === 'Zv' || code === 'Mp')
  if (!unsized.test(mnemonic) || isShown) return 0
  return attributes.includes('default64') || attributes.includes('force64') ? 64 : 32
}

function rowText(row: OpcodeRow): RowText {
  const { mnemonic, attributes, operands } = row
  const name = (operandSize: 16 | 32 | 64, addressSize: 16 | 32 | 64) =>
    sizedMnemonicOf({ mnemonic, operandSize, addressSize }).toLowerCase()
  const broadcast = operands.find((one) => one.startsWith('W'))
  return {
    names: sizes.flatMap((operandSize) => sizes.map((addressSize) => name(operandSize, addressSize))),
    repeats: attributes.includes('rep'),
    compares: attributes.includes('repz'),
    implicitMemory: implicitMemory.test(mnemonic),
    unsaid: unsaidSize(row),
    pointer: operands.includes('Mp') ? 'far' : operands.includes('Ma') ? 'bounds' : 'none',
    conditional: attributes.includes('scc'),
    halved: broadcast === 'Wx2' ? 1 : broadcast === 'Wx4' ? 2 : broadcast === 'Wx8' ? 3 : 0,
  }
}

const found: (RowText | undefined)[] = []

/** What of a row is written. */
export function textOfRow(row: number): RowText {
  let text = found[row]
  if (text === undefined) {
    while (found.length <= row) found.push(undefined)
    text = rowText(rowAt(row))
    found[row] = text
  }
  return text
}

/** The mnemonic in lower case. */
export function nameOf({ names }: RowText, { operandSize, addressSize }: Decoded): string {
  return names[(operandSize >> 5) * 3 + (addressSize >> 5)]!
}

/** Memory as wide as the row has it: far pointers are a selector longer than their offset, bounds are two. */
export function memoryWidth({ pointer }: RowText, width: number): number {
  return pointer === 'none' ? width : pointer === 'far' ? width + 16 : width * 2
}
