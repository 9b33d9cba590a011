import { rows, sizedMnemonics } from '@vmm/x86-opcodes'
import { Decoder, type Instruction, Mnemonic, OpKind, Register } from 'iced-x86'
import {
  type CodeSize,
  type Decoded,
  type DecodedOperand,
  noRegister,
  ripBase,
  rowOf,
  sizedMnemonicOf,
} from '../src/index.ts'

/** Spellings of the judge for mnemonics that the manual's opcode map spells otherwise. */
const spelledOtherwise: Readonly<Record<string, string>> = {
  FWAIT: 'WAIT',
  XLAT: 'XLATB',
  CALLF: 'CALL',
  JMPF: 'JMP',
  RETFW: 'RETF',
  RETFQ: 'RETF',
  PCMPESTRM: 'PCMPESTRM',
  JNL: 'JGE',
  JNLE: 'JG',
  JNBE: 'JA',
  JNZ: 'JNE',
  JNB: 'JAE',
  JZ: 'JE',
}
const conditions: Readonly<Record<string, string>> = { NLE: 'G', NL: 'GE', NBE: 'A', NB: 'AE', NZ: 'NE', Z: 'E' }

function respelled(name: string): string {
  const conditional = /^(CMOV|SET)(NLE|NL|NBE|NB|NZ|Z)$/.exec(name)
  return conditional === null ? (spelledOtherwise[name] ?? name) : conditional[1]! + conditions[conditional[2]!]!
}

const allNames = rows.flatMap(({ mnemonic }) => {
  const sized = (sizedMnemonics as Readonly<Record<string, { names: readonly string[] }>>)[mnemonic]
  return sized === undefined ? [mnemonic] : sized.names
})

/** Every name that a covered instruction can have in the judge's words. */
const covered: ReadonlySet<string> = new Set([
  ...allNames.map(respelled),
  'SAL',
  'PREFETCH',
  'PREFETCHWT1',
  'RESERVEDNOP',
])

/** What the judge says of some bytes: mnemonic and length, and the operands; `covered` if rows claim to know them. */
export interface Verdict {
  readonly text: string
  readonly covered: boolean
  readonly operands: string
}

/** Asks the judge. `decoded` is our answer, which says how wide its immediates and addresses are. */
export function icedVerdict(bytes: Uint8Array, codeSize: CodeSize, decoded: Decoded): Verdict {
  const decoder = new Decoder(codeSize, bytes, 0)
  const instruction = decoder.decode()
  const mnemonic = Mnemonic[instruction.mnemonic]!.toUpperCase()
  const verdict =
    mnemonic === 'INVALID'
      ? { text: 'invalid', covered: true, operands: '' }
      : {
          text: `${sameAs(mnemonic)} ${instruction.length}`,
          covered: covered.has(mnemonic),
          operands: theirOperands(instruction, decoded),
        }
  instruction.free()
  decoder.free()
  return verdict
}

/** Names that the judge gives to encodings which are one instruction here. */
function sameAs(mnemonic: string): string {
  if (mnemonic === 'SAL') return 'SHL'
  return ['RESERVEDNOP', 'PREFETCH', 'PREFETCHWT1'].includes(mnemonic)
    ? 'NOP'
    : mnemonic.replace(/^(PCMPESTR[IM])64$/, '$1')
}

/** Our answer in the judge's words. */
export function ourText(decoded: Decoded): string {
  return `${respelled(sizedMnemonicOf(decoded))} ${decoded.length}`
}

function theirOperands(instruction: Instruction, decoded: Decoded): string {
  return Array.from({ length: instruction.opCount }, (_, at) => theirOperand(instruction, at, decoded)).join(', ')
}

function theirOperand(instruction: Instruction, at: number, decoded: Decoded): string {
  const kind = instruction.opKind(at)
  switch (kind) {
    case OpKind.Register:
      return registerText(Register[instruction.opRegister(at)]!)
    case OpKind.Memory: {
      const { memoryBase, memoryIndex, memoryIndexScale, memoryDisplacement, memorySegment } = instruction
      const scale = memoryIndex === 0 ? 1 : memoryIndexScale
      return `${segmentText(lower(memorySegment), decoded)}:${lower(memoryBase)}+${lower(memoryIndex)}*${scale}+${cut(memoryDisplacement, decoded)}`
    }
    case OpKind.NearBranch16:
    case OpKind.NearBranch32:
    case OpKind.NearBranch64:
      return `to ${instruction.nearBranchTarget}`
    case OpKind.FarBranch16:
    case OpKind.FarBranch32:
      return `far ${instruction.farBranchSelector}:${kind === OpKind.FarBranch16 ? instruction.farBranch16 : instruction.farBranch32}`
    default:
      return kind >= OpKind.Immediate8 && kind <= OpKind.Immediate32to64
        ? immediateText(instruction.immediate(at), decoded.operands[at])
        : 'implicit'
  }
}

/** Displacements count modulo the address size. */
const cut = (displacement: bigint, { addressSize }: Decoded): bigint =>
  BigInt.asUintN(addressSize === 16 ? 16 : 32, displacement)

/** The judge names segments that 64-bit code does not look at. */
const segmentText = (name: string, { codeSize }: Decoded): string =>
  codeSize === 64 && !['fs', 'gs'].includes(name) ? 'flat' : name

const immediateText = (value: bigint, operand: DecodedOperand | undefined): string =>
  `${BigInt.asUintN(operand?.width ?? 64, value)}`

const lower = (register: number): string => (register === 0 ? '-' : registerText(Register[register]!))

/** Number and file alone for general registers: `gpr3`, `gpr4h`. */
function registerText(name: string): string {
  const text = name.toLowerCase()
  const numbered = /^r(\d+)[dwl]?$/.exec(text)
  if (numbered !== null) return `gpr${numbered[1]}`
  const high = ['ah', 'ch', 'dh', 'bh'].indexOf(text)
  if (high >= 0) return `gpr${high}h`
  const low = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'].indexOf(text)
  if (low >= 0) return `gpr${low}`
  const wide = /^[re]?(ax|cx|dx|bx|sp|bp|si|di)$/.exec(text)
  if (wide === null) return text
  return `gpr${['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'].indexOf(wide[1]!)}`
}

const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']
const files = { gpr: 'gpr', control: 'cr', debug: 'dr', x87: 'st', mmx: 'mm', xmm: 'xmm' } as const

/** Our operands in the judge's words. */
export function ourOperands(decoded: Decoded): string {
  return decoded.operands
    .slice(0, decoded.count)
    .map((operand) => ourOperand(decoded, operand))
    .join(', ')
}

function ourOperand(decoded: Decoded, operand: DecodedOperand): string {
  switch (operand.kind) {
    case 'register':
      return operand.file === 'segment'
        ? segments[operand.index]!
        : `${files[operand.file]}${operand.index}${operand.highByte ? 'h' : ''}`
    case 'memory':
      return addressOf(decoded)
    case 'relative':
      return `to ${BigInt.asUintN(decoded.operandSize, BigInt(decoded.length + operand.low))}`
    case 'far':
      return `far ${operand.high}:${operand.low >>> 0}`
    case 'immediate':
      return immediateText((BigInt(operand.high) << 32n) | BigInt(operand.low >>> 0), operand)
    default:
      return operand.kind satisfies never
  }
}

function addressOf(decoded: Decoded): string {
  const { base, index, scale, displacement, length, segment, addressSize } = decoded
  const rip = addressSize === 64 ? 'rip' : 'eip'
  const name = (register: number) => (register === noRegister ? '-' : register === ripBase ? rip : `gpr${register}`)
  const at = base === ripBase ? displacement + length : displacement
  return `${segmentText(segments[segment]!, decoded)}:${name(base)}+${name(index)}*${1 << scale}+${cut(BigInt(at), decoded)}`
}

/** Instructions whose implicit operands the judge lists and we do not, or the other way round. */
export function listsOperandsOtherwise(decoded: Decoded): boolean {
  const { operands, attributes, mnemonic } = rowOf(decoded)
  const implicit =
    operands.length === 0 || attributes.includes('rep') || attributes.includes('repz') || mnemonic.startsWith('MASKMOV')
  const hint = mnemonic === 'NOP'
  return implicit || hint || operands.includes('XMM0') || operands.join() === 'ST(i)'
}
