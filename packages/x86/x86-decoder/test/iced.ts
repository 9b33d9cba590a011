import type { OpcodeRow } from '@vmm/x86-opcodes'
import {
  type Code,
  type Decoder,
  DecoderOptions,
  Instruction,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  Register,
  RoundingControl,
} from 'iced-x86'
import {
  createDecoder,
  type Decoded,
  type DecodedOperand,
  noRegister,
  ripBase,
  rowOf,
  sizedMnemonicOf,
  targetWidth,
} from '../src/index.ts'

/** Features that came after the judge's edition. */
const later: ReadonlySet<string> = new Set([
  ...['USER_MSR', 'MSR_IMM', 'APX_F', 'AVX10_2', 'AVX512_BMM', 'MOVRS'],
  ...['AMX_FP8', 'AMX_TF32', 'AMX_MOVRS', 'AMX_AVX512', 'AMX_TRANSPOSE', 'ACEV1'],
  ...['RMPREAD', 'SM2', 'PHE2', 'CCS', 'XMODX', 'RNG2'],
])

/** Whether the judge's edition knows the instruction of a row. */
export const isKnown = ({ needs }: OpcodeRow): boolean => needs?.split(' ').some((name) => later.has(name)) !== true

/** A decoder of what the judge knows. */
export const { decode } = createDecoder((row) => isKnown(row) && !row.attributes.includes('optional'))

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

/** What the judge says of some bytes: mnemonic and length, then operands, masks and rounding. */
export interface Verdict {
  readonly text: string
  readonly code: Code
  readonly operands: string
}

const mnemonics = new Map<number, string>()

function mnemonicOf(number: number): string {
  let name = mnemonics.get(number)
  if (name === undefined) {
    name = sameAs(Mnemonic[number]!.toUpperCase())
    mnemonics.set(number, name)
  }
  return name
}

const instruction = new Instruction()

/** Asks the judge. `decoded` is our answer, which says how wide its immediates and addresses are. */
export function icedVerdict(decoder: Decoder, decoded: Decoded, wantsOperands: boolean): Verdict {
  decoder.decodeOut(instruction)
  const name = mnemonicOf(instruction.mnemonic)
  if (name === 'INVALID') return { text: 'invalid', operands: '', code: instruction.code }
  const operands = wantsOperands ? theirOperands(instruction, decoded) + theirVectors(instruction, decoded) : ''
  return { text: `${name} ${instruction.length}`, operands, code: instruction.code }
}

/** Options that are on: MPX is no reserved NOP. */
export const options = DecoderOptions.MPX

/** Names that the judge gives to encodings which are one instruction here. */
function sameAs(mnemonic: string): string {
  if (mnemonic === 'SAL') return 'SHL'
  if (mnemonic === 'GETSECQ') return 'GETSEC'
  return mnemonic === 'RESERVEDNOP' ? 'NOP' : mnemonic.replace(/^(V?PCMPESTR[IM])64$/, '$1')
}

/** Our answer in the judge's words. */
export function ourText(decoded: Decoded): string {
  return `${respelled(sizedMnemonicOf(decoded))} ${decoded.length}`
}

const roundings: Readonly<Record<number, string>> = {
  [RoundingControl.RoundToNearest]: 'nearest',
  [RoundingControl.RoundDown]: 'down',
  [RoundingControl.RoundUp]: 'up',
  [RoundingControl.RoundTowardZero]: 'zero',
}

function theirVectors(instruction: Instruction, decoded: Decoded): string {
  const { opMask, zeroingMasking, roundingControl, suppressAllExceptions, isBroadcast } = instruction
  const mask = opMask === 0 ? 0 : opMask - Register.K0
  // SDM 2C, VCVTDQ2PD: rounding is ignored where there is nothing to round
  const ignored = rowOf(decoded).attributes.includes('erIgnored')
  const rounding = roundings[roundingControl] ?? (suppressAllExceptions ? 'sae' : 'none')
  return vectorText(mask, zeroingMasking, ignored ? 'none' : rounding, isBroadcast)
}

const vectorText = (mask: number, zeroing: boolean, rounding: string, broadcast: boolean): string =>
  `${mask === 0 ? '' : ` {k${mask}}`}${zeroing ? ' {z}' : ''}${rounding === 'none' ? '' : ` {${rounding}}`}${broadcast ? ' {1toN}' : ''}`

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
      const { width } = decoded.operands[at]!
      const { memorySize } = instruction
      const bits =
        width === 0
          ? 0
          : 8 * (instruction.isBroadcast ? MemorySizeExt.elementSize(memorySize) : MemorySizeExt.size(memorySize))
      // the judge gives some memory no size
      return `${bits || width} ${segmentText(lower(memorySegment), decoded)}:${lower(memoryBase)}+${lower(memoryIndex)}*${scale}+${cut(memoryDisplacement, decoded)}`
    }
    case OpKind.NearBranch16:
    case OpKind.NearBranch32:
    case OpKind.NearBranch64:
      // SDM 2C, XBEGIN: in 16-bit code only 16 bits are left
      return `to ${BigInt.asUintN(targetWidth(decoded), instruction.nearBranchTarget)}`
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
const files = {
  ...{
    gpr: 'gpr',
    control: 'cr',
    debug: 'dr',
    x87: 'st',
    mmx: 'mm',
    opmask: 'k',
    bound: 'bnd',
    tile: 'tmm',
    blockScale: 'bsr',
  },
} as const
const vectorName = (index: number, width: number): string =>
  `${width <= 128 ? 'x' : width === 256 ? 'y' : 'z'}mm${index}`

/** Our operands in the judge's words. */
export function ourOperands(decoded: Decoded): string {
  const { mask, zeroing, rounding, broadcast, operands, count } = decoded
  const texts = operands.slice(0, count).map((operand) => ourOperand(decoded, operand))
  return texts.join(', ') + vectorText(mask, zeroing, rounding, broadcast)
}

function ourOperand(decoded: Decoded, operand: DecodedOperand): string {
  switch (operand.kind) {
    case 'register':
      if (operand.file === 'xmm') return vectorName(operand.index, operand.width)
      return operand.file === 'segment'
        ? segments[operand.index]!
        : `${files[operand.file]}${operand.index}${operand.highByte ? 'h' : ''}`
    case 'memory':
      return `${memoryWidth(decoded, operand)} ${addressOf(decoded)}`
    case 'relative':
      return `to ${BigInt.asUintN(targetWidth(decoded), BigInt(decoded.length + operand.low))}`
    case 'far':
      return `far ${operand.high}:${operand.low >>> 0}`
    case 'immediate':
      return immediateText((BigInt(operand.high) << 32n) | BigInt(operand.low >>> 0), operand)
    default:
      return operand.kind satisfies never
  }
}

/** Far pointers are a selector longer than their offset, bounds are two. */
function memoryWidth(decoded: Decoded, { width }: DecodedOperand): number {
  const { operands } = rowOf(decoded)
  return operands.includes('Mp') ? width + 16 : operands.includes('Ma') ? width * 2 : width
}

function addressOf(decoded: Decoded): string {
  const { base, index, scale, displacement, length, segment, addressSize, indexWidth } = decoded
  const rip = addressSize === 64 ? 'rip' : 'eip'
  const name = (register: number) => (register === noRegister ? '-' : register === ripBase ? rip : `gpr${register}`)
  const at = base === ripBase ? displacement + length : displacement
  return `${segmentText(segments[segment]!, decoded)}:${name(base)}+${indexWidth === 0 ? name(index) : vectorName(index, indexWidth)}*${1 << scale}+${cut(BigInt(at), decoded)}`
}

/** Instructions whose implicit operands the judge lists and we do not, or the other way round. */
export function listsOperandsOtherwise(decoded: Decoded): boolean {
  const { operands, attributes, mnemonic } = rowOf(decoded)
  const implicit =
    operands.length === 0 ||
    attributes.includes('rep') ||
    attributes.includes('repz') ||
    /^V?MASKMOV(Q|DQU)/.test(mnemonic)
  const hint = mnemonic === 'NOP'
  return implicit || hint || operands.includes('XMM0') || operands.includes('aAX') || operands.join() === 'ST(i)'
}
