import { type OpcodeRow, type OperandCode, placeOf } from '@vmm/x86-opcodes'

/** What decides the name of an instruction of a row in AT&T syntax, beside the row. */
export interface NameShape {
  readonly codeSize: number
  readonly operandSize: number
  readonly addressSize: number
  /** 0 where there are no vectors. */
  readonly vectorLength: number
  readonly inMemory: boolean
  readonly broadcast: boolean
}

/** The letters of sizes in bits. Source: Using as, §9.16.4.1. */
const letters: Readonly<Record<number, string>> = { 8: 'b', 16: 'w', 32: 'l', 64: 'q' }
const letterOf = (size: number): string => letters[size]!

/** Names that differ from the manual's, by operand size. Source: Using as, §9.16.4.2. */
const renamed: Readonly<Record<string, readonly [string, string, string] | undefined>> = {
  CBW: ['cbtw', 'cwtl', 'cltq'],
  CWD: ['cwtd', 'cltd', 'cqto'],
  MOVSXD: ['movsxd', 'movsxd', 'movslq'],
  SYSRET: ['sysretl', 'sysretl', 'sysretq'],
}
const conditions: Readonly<Record<string, string>> = {
  ...{ jz: 'je', jnz: 'jne', jnb: 'jae', jnbe: 'ja', jnl: 'jge', jnle: 'jg' },
  ...{ setz: 'sete', setnz: 'setne', setnb: 'setae', setnbe: 'seta', setnl: 'setge', setnle: 'setg' },
  ...{ cmovz: 'cmove', cmovnz: 'cmovne', cmovnb: 'cmovae', cmovnbe: 'cmova', cmovnl: 'cmovge', cmovnle: 'cmovg' },
  ...{ callf: 'lcall', jmpf: 'ljmp', retf: 'lret' },
}

/**
 * SUB and SUBR, DIV and DIVR with a destination other than ST are exchanged, as they have been since AT&T's own assembler. Source: Using as,
 * §9.16.16.
 */
function exchanged(name: string, [first]: readonly OperandCode[]): string {
  const match = first === 'ST(i)' ? /^(f(?:sub|div))(r?)(p?)$/.exec(name) : null
  return match === null ? name : `${match[1]}${match[2] === '' ? 'r' : ''}${match[3]}`
}

/** Instructions without an operand that says how wide they are, and what they are without a suffix: as wide as the mode makes them. */
const byMode = /^(?:PUSHA?|POPA?|PUSHF|POPF|CALL|JMP|CALLF|JMPF|RET|RETF|IRET|ENTER|LEAVE|XBEGIN)$/
const tables = /^[LS][GI]DT$/
const environments = /^(?:FLDENV|FRSTOR|FNSTENV|FNSAVE)$/
const strings = /^(INS|OUTS|MOVS|CMPS)$/
const namedByRegister = /^(LODS|STOS|SCAS)B?$/
/** String comparisons whose lengths are in 64 bits. */
const explicitLengths = /^V?PCMPESTR[IM]$/
const fromInteger = /^V?CVTU?SI2S[SDH]$|^PTWRITE$/
const withoutSuffix = /^SET/

/** Of vectors that are made narrower, memory says not how wide they are: a letter does. */
const narrowing =
  /^V(?:FPCLASS(?:P[SDH]|BF16)|CVT(?:T?PD2U?DQS?|PH2[BH]F8S?|PD2PS|U?QQ2PS|NEPS2BF16|PS2PHX|U?DQ2PH|PD2PH|U?QQ2PH))$/

/** The name of an instruction in AT&T syntax, with the suffix that it needs. */
export function attName(row: OpcodeRow, shape: NameShape): string {
  const name = plainName(row, shape)
  return name + suffixOf(row, name, shape)
}

function plainName({ mnemonic, operands }: OpcodeRow, shape: NameShape): string {
  const { operandSize, addressSize } = shape
  const names = renamed[mnemonic]
  if (names !== undefined) return names[operandSize >> 5]!
  if (mnemonic === 'MOV' && isLong(operands, shape)) return 'movabs'
  if (mnemonic === 'JRCXZ') return addressSize === 16 ? 'jcxz' : addressSize === 32 ? 'jecxz' : 'jrcxz'
  const short = namedByRegister.exec(mnemonic)
  if (short !== null) return short[1]!.toLowerCase()
  if (mnemonic === 'MOVZX' || mnemonic === 'MOVSX') return mnemonic.slice(0, 4).toLowerCase()
  const wide = operandSize === 64 && /^(?:FX|X)(?:SAVE|RSTOR)(?:OPT|C|S)?$/.test(mnemonic) ? '64' : ''
  const lower = exchanged(mnemonic.toLowerCase(), operands) + wide
  return conditions[lower] ?? lower
}

/** An address or an immediate of 64 bits. */
function isLong(operands: readonly OperandCode[], { operandSize, addressSize }: NameShape): boolean {
  if (operands.some((code) => code === 'Ob' || code === 'Ov')) return addressSize === 64
  return operands[1] === 'Iv' && operandSize === 64
}

function suffixOf(row: OpcodeRow, name: string, shape: NameShape): string {
  const { mnemonic, operands } = row
  const { codeSize, operandSize, addressSize, inMemory } = shape
  if (byMode.test(mnemonic)) return modeSuffix(row, shape)
  if (mnemonic === 'SYSEXIT') return codeSize === 64 ? (operandSize === 64 ? 'q' : 'l') : ''
  if (strings.test(mnemonic)) return letterOf(/^[IO]/.test(mnemonic) ? Math.min(operandSize, 32) : operandSize)
  if (name === 'movz' || name === 'movs') return letterOf(operands[1] === 'Eb' ? 8 : 16) + letterOf(operandSize)
  if (mnemonic.startsWith('LOOP')) return addressSize === codeSize ? '' : letterOf(addressSize)
  if (tables.test(mnemonic)) return codeSize === 64 ? '' : letterOf(operandSize)
  if (explicitLengths.test(mnemonic)) return operandSize === 64 ? 'q' : ''
  if (environments.test(mnemonic)) return environmentSuffix(shape)
  if (!inMemory) return ''
  if (narrowing.test(mnemonic)) return narrowingSuffix(row, shape)
  if (/^D[89A-F] /.test(row.opcode)) return floatSuffix(row)
  return integerSuffix(row, shape)
}

/** Operands that say how wide an instruction is, though it is one whose mode says it. */
function modeSuffix({ mnemonic, attributes, operands }: OpcodeRow, shape: NameShape): string {
  const { codeSize, operandSize, inMemory } = shape
  const [first] = operands
  if (mnemonic === 'XBEGIN') return beginSuffix(shape)
  if ((first === 'Ev' || first === 'Zv') && !inMemory) return ''
  const isWide = attributes.includes('default64') || attributes.includes('force64')
  const usual = codeSize === 64 && !isWide ? 32 : codeSize
  return operandSize === usual ? '' : letterOf(operandSize)
}

/** XBEGIN's distance has 16 or 32 bits. */
function beginSuffix({ codeSize, operandSize }: NameShape): string {
  if (operandSize === 16) return codeSize === 16 ? '' : 'w'
  return codeSize === 16 ? 'l' : ''
}

function environmentSuffix({ codeSize, operandSize }: NameShape): string {
  if (operandSize === 16) return codeSize === 16 ? '' : 's'
  return codeSize === 16 ? 'l' : ''
}

function narrowingSuffix({ mnemonic, operands }: OpcodeRow, { vectorLength, broadcast }: NameShape): string {
  if (mnemonic.startsWith('VFPCLASS')) return broadcast ? '' : vectorLetter(vectorLength)
  // what is 512 bits wide is the only one with a destination of 256
  const quarter = operands[0] === 'Vx4'
  return broadcast || (vectorLength === 512 && !quarter) ? '' : vectorLetter(vectorLength)
}

const vectorLetter = (length: number): string => (length <= 128 ? 'x' : length === 256 ? 'y' : 'z')

/** Floating-point numbers are s, l and t, integers s, l and ll. */
function floatSuffix({ mnemonic, operands }: OpcodeRow): string {
  if (/^F(?:BLD|BSTP|LDCW|NSTCW|NSTSW)$/.test(mnemonic)) return ''
  const isInteger = mnemonic.startsWith('FI')
  const suffixes: Readonly<Record<string, string>> = isInteger
    ? { Mw: 's', Md: 'l', Mq: 'll' }
    : { Md: 's', Mq: 'l', Mt: 't' }
  return suffixes[operands[0]!] ?? ''
}

/** A suffix where memory is as wide as no register of the instruction says. */
function integerSuffix({ mnemonic, operands }: OpcodeRow, { codeSize, operandSize }: NameShape): string {
  const memory = operands.find((code) => /^E[bvydq]$/.test(code))
  if (memory === undefined || withoutSuffix.test(mnemonic)) return ''
  const size = memory === 'Eb' ? 8 : operandSize
  if (mnemonic === 'CRC32') return letterOf(size)
  if (memory !== 'Eb' && memory !== 'Ev')
    return fromInteger.test(mnemonic) && codeSize === 64 ? letterOf(Math.max(size, 32)) : ''
  const isSaid = operands.some((code) => {
    const place = placeOf(code)
    return place.place !== 'rm' && 'file' in place && code !== 'CL'
  })
  return isSaid ? '' : letterOf(size)
}
