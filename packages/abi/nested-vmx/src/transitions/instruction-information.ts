import { type CodeSize, createDecoded, type Decoded, decode, noRegister, ripBase } from '@vmm/x86-decoder'
import { exitNumbers as reasons } from '../exits/exit-reason.ts'

/** What an exit tells of its instruction beside the reason. */
export interface ToldInstruction {
  /** The field VM-exit instruction information. */
  readonly information: number
  /** Of a memory operand: what the exit qualification is. */
  readonly displacement: bigint | undefined
  /** The general register of MOV to and from control and debug registers. */
  readonly register: number
}

const nothing: ToldInstruction = { information: 0, displacement: undefined, register: 0 }

/** Which numbers an instruction of several has, in bits 29:28. Source: SDM 3C Tables 28-10 and 28-11. */
const identities = { SGDT: 0, SIDT: 1, LGDT: 2, LIDT: 3, SLDT: 0, STR: 1, LLDT: 2, LTR: 3 } as const

/** Whose exit qualification is a displacement. Source: SDM 3C 28.2.1. */
const displaced: ReadonlySet<number> = new Set([
  ...[reasons.VMCLEAR, reasons.VMPTRLD, reasons.VMPTRST, reasons.VMREAD, reasons.VMWRITE, reasons.VMON],
  ...[reasons.GDTR_IDTR, reasons.LDTR_TR, reasons.INVEPT, reasons.INVVPID, reasons.INVPCID],
  ...[reasons.XSAVES, reasons.XRSTORS],
])

const decoded = createDecoded()

/** What is told of the instruction at the beginning of some code; `next` is the address behind it. */
export function toldInstruction(reason: number, code: Uint8Array, codeSize: CodeSize, next: bigint): ToldInstruction {
  if (decode(code, 0, code.length, codeSize, decoded) !== undefined) return nothing
  const register = generalRegisterOf(decoded)
  const displacement = displaced.has(reason) ? displacementOf(decoded, next) : undefined
  return { information: informationOf(reason, decoded), displacement, register }
}

function informationOf(reason: number, instruction: Decoded): number {
  switch (reason) {
    case reasons.IO_INSTRUCTION:
      return stringInformation(instruction)
    case reasons.RDRAND:
    case reasons.RDSEED:
      return (generalRegisterOf(instruction) << 3) | (operandSizeOf(instruction) << 11)
    case reasons.GDTR_IDTR:
      return placeOf(instruction) | (instruction.operandSize === 16 ? 0 : 1 << 11) | identityOf(instruction)
    case reasons.LDTR_TR:
      return placeOf(instruction) | identityOf(instruction)
    default:
      return displaced.has(reason) ? (placeOf(instruction) | secondRegisterOf(instruction)) >>> 0 : 0
  }
}

/** INS and OUTS: address size, and of OUTS the segment. Source: SDM 3C Table 28-8. */
function stringInformation(instruction: Decoded): number {
  const { mnemonic, segment } = instruction
  if (mnemonic.startsWith('OUTS')) return addressSizeOf(instruction) | (segment << 15)
  return mnemonic.startsWith('INS') ? addressSizeOf(instruction) : 0
}

/** The operand that is in memory or in a register. Source: SDM 3C Tables 28-9 to 28-14. */
function placeOf(instruction: Decoded): number {
  const memory = memoryOf(instruction)
  if (!memory) return (1 << 10) | (firstRegisterOf(instruction) << 3)
  const { base, index, scale, segment } = instruction
  const indexed = index === noRegister ? 1 << 22 : (index << 18) | scale
  const based = base === noRegister || base === ripBase ? 1 << 27 : base << 23
  return addressSizeOf(instruction) | (segment << 15) | indexed | based
}

const sizeNumbers = { 16: 0, 32: 1, 64: 2 } as const
const addressSizeOf = ({ addressSize }: Decoded): number => sizeNumbers[addressSize] << 7
const operandSizeOf = ({ operandSize }: Decoded): number => sizeNumbers[operandSize]

function identityOf({ mnemonic }: Decoded): number {
  return (identities[mnemonic as keyof typeof identities] ?? 0) << 28
}

function operandsOf({ operands, count }: Decoded) {
  return operands.slice(0, count)
}

const memoryOf = (instruction: Decoded): boolean => operandsOf(instruction).some(({ kind }) => kind === 'memory')

/** General registers among the operands, in the manual's order. */
function registersOf(instruction: Decoded): readonly number[] {
  return operandsOf(instruction)
    .filter(({ kind, file }) => kind === 'register' && file === 'gpr')
    .map(({ index }) => index)
}

const generalRegisterOf = (instruction: Decoded): number => registersOf(instruction)[0] ?? 0

/** Of two registers, that of the operand which might be memory: VMREAD's destination, VMWRITE's source. */
function firstRegisterOf(instruction: Decoded): number {
  const registers = registersOf(instruction)
  return (instruction.mnemonic === 'VMWRITE' ? registers[1] : registers[0]) ?? 0
}

/** The register that never is memory, in bits 31:28. */
function secondRegisterOf(instruction: Decoded): number {
  const registers = registersOf(instruction)
  if (memoryOf(instruction)) return (registers[0] ?? 0) << 28
  return ((instruction.mnemonic === 'VMWRITE' ? registers[0] : registers[1]) ?? 0) << 28
}

/** Sign-extended; of an address relative to RIP the address itself. */
function displacementOf(instruction: Decoded, next: bigint): bigint {
  if (!memoryOf(instruction)) return 0n
  const displacement = BigInt(instruction.displacement)
  return BigInt.asUintN(64, instruction.base === ripBase ? displacement + next : displacement)
}
