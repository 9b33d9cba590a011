import {
  type Certainty,
  type ImpliedAccess,
  type ImpliedMemory,
  type ImpliedRegister,
  type ImpliedSize,
  impliedOf,
  type OpcodeRow,
} from '@vmm/x86-opcodes'
import { type Decoded, noRegister, type RegisterFile } from './decoded.ts'

/** A register that an instruction uses without naming it. */
export interface UsedRegister extends ImpliedAccess {
  readonly file: RegisterFile
  readonly index: number
  readonly highByte: boolean
  /** Bits. */
  readonly width: number
}

/** Memory that an instruction uses without naming it. */
export interface UsedMemory extends ImpliedAccess {
  /** 0 to 5: ES CS SS DS FS GS. */
  readonly segment: number
  readonly base: number
  /** 0, which is AL, for XLAT; `noRegister` elsewhere. */
  readonly index: number
  readonly displacement: number
  readonly addressSize: 16 | 32 | 64
  /** Bits, of all of it. */
  readonly width: number
}

/** A repetition may be one of nothing. */
const perhaps = (certainty: Certainty): Certainty => (certainty === 'never' ? 'never' : 'perhaps')

function widthOf(size: ImpliedSize, { operandSize, addressSize, codeSize }: Decoded): number {
  switch (size) {
    case 'v':
      return operandSize
    case 'h':
      return operandSize / 2
    case 'z':
      return Math.min(operandSize, 32)
    case 'y':
      return Math.max(operandSize, 32)
    case 'a':
      return addressSize
    case 's':
      return codeSize
    default:
      return size as number
  }
}

const repeats = ({ attributes }: OpcodeRow, { rep }: Decoded): boolean =>
  rep !== 'none' && (attributes.includes('rep') || attributes.includes('repz'))

/** Registers that no operand names. Writes of 32 bits in 64-bit code clear the upper half, as always. */
export function usedRegisters(decoded: Decoded, row: OpcodeRow): readonly UsedRegister[] {
  const repeated = repeats(row, decoded)
  const used = (register: ImpliedRegister): UsedRegister => {
    const { file, index, highByte, size, reads, writes } = register
    return {
      ...{ file, index, highByte, width: widthOf(size, decoded) },
      reads: repeated ? perhaps(reads) : reads,
      writes: repeated ? perhaps(writes) : writes,
    }
  }
  const found = impliedOf(row).registers.map(used)
  if (!repeated) return found
  const counter: UsedRegister = {
    ...{ file: 'gpr', index: 1, highByte: false, width: decoded.addressSize },
    reads: 'always',
    writes: 'perhaps',
  }
  return [counter, ...found]
}

/** Bytes that are pushed (negative) or popped. ENTER pushes a frame pointer for each level, IRET of 64-bit code pops SS and RSP always. */
export function stackBytes(decoded: Decoded, row: OpcodeRow): number {
  const { mnemonic, operandSize, operands, codeSize } = decoded
  const bytes = operandSize / 8
  if (mnemonic === 'ENTER') return -bytes * ((operands[1]!.low & 31) + 1)
  if (mnemonic === 'IRET' && codeSize === 64) return 5 * bytes
  return impliedOf(row).stackItems * bytes
}

/** Memory that no operand names. */
export function usedMemory(decoded: Decoded, row: OpcodeRow): readonly UsedMemory[] {
  const repeated = repeats(row, decoded)
  const used = ({ segment, base, index, size, reads, writes }: ImpliedMemory): UsedMemory => ({
    segment: segment === 3 ? decoded.segment : segment,
    base: base === 'op1' ? decoded.operands[0]!.index : base,
    ...{ index: index ?? noRegister, displacement: 0 },
    addressSize: segment === 2 ? decoded.codeSize : decoded.addressSize,
    width: widthOf(size, decoded),
    reads: repeated ? perhaps(reads) : reads,
    writes: repeated ? perhaps(writes) : writes,
  })
  return [...stackMemory(decoded, row), ...impliedOf(row).memory.map(used)]
}

const [stackSegment, stackPointer, framePointer] = [2, 4, 5]

/** What is pushed or popped, and the frame pointers that ENTER copies. */
function stackMemory(decoded: Decoded, row: OpcodeRow): readonly UsedMemory[] {
  const bytes = stackBytes(decoded, row)
  if (bytes === 0) return []
  const at = (base: number, displacement: number, size: number, writes: boolean): UsedMemory => ({
    ...{ segment: stackSegment, base, index: noRegister, displacement, addressSize: decoded.codeSize },
    width: size * 8,
    reads: writes ? 'never' : 'always',
    writes: writes ? 'always' : 'never',
  })
  const stack = at(stackPointer, Math.min(bytes, 0), Math.abs(bytes), bytes < 0)
  const copied = decoded.mnemonic === 'ENTER' ? -bytes - (2 * decoded.operandSize) / 8 : 0
  return copied > 0 ? [stack, at(framePointer, -copied, copied, false)] : [stack]
}
