import { type OpcodeRow, type OperandCode, placeOf, rowAt } from '@vmm/x86-opcodes'
import { attName } from './att-names.ts'
import { type Decoded, type DecodedOperand, noRegister, ripBase } from './decoded.ts'
import { conditionName, defaultFlagsText, hintText, targetWidth } from './format.ts'
import { generalName, registerName, segmentNames, vectorName } from './register-names.ts'
import { textOfRow } from './row-text.ts'

/**
 * The instruction in AT&T syntax as GNU as reads it and objdump writes it: `lock add %rdx,%fs:-0x10(%rax,%rcx,8)`. With `ripAt`, the address of
 * its first byte, branch targets are absolute; without, they are written `.+0x10`. Source: Using as, §9.16.
 */
export function formatAtt(decoded: Decoded, ripAt?: bigint): string {
  const row = attRowOf(decoded.row)
  const name = prefixesOf(decoded, row) + nameOf(decoded, row)
  const texts = row.implies === undefined ? explicitOperands(decoded, row, ripAt) : row.implies(decoded)
  return texts.length === 0 ? name : `${name} ${texts.join(',')}`
}

/** What of a row is written, found once. */
interface AttRow {
  readonly row: OpcodeRow
  /** By `NameShape`. */
  readonly names: string[]
  /** Memory that no operand shows: its address size is a prefix, and its segment. */
  readonly addressed: boolean
  readonly segmented: boolean
  /** Branches: those that have a star where they are indirect, and those whose operand size only a prefix says. */
  readonly starred: boolean
  readonly unsized: boolean
  /** Operands that are written though the opcode implies them. */
  readonly implies: ((decoded: Decoded) => string[]) | undefined
  readonly withoutOperands: boolean
  readonly keepsOrder: boolean
  readonly roundingAt: number
}

const found: (AttRow | undefined)[] = []

function attRowOf(row: number): AttRow {
  const known = found[row]
  if (known !== undefined) return known
  while (found.length <= row) found.push(undefined)
  const made = attRow(rowAt(row))
  found[row] = made
  return made
}

function attRow(row: OpcodeRow): AttRow {
  const { mnemonic, operands } = row
  const isOffset = operands.some((code) => code === 'Ob' || code === 'Ov')
  return {
    row,
    names: [],
    addressed:
      isOffset || /^V?MASKMOV(?:Q|DQU)$|^MONITORX?$|^VMRUN$|^VMLOAD$|^VMSAVE$|^INVLPGA$|^CLZERO$/.test(mnemonic),
    segmented: /^V?MASKMOV(?:Q|DQU)$|^MONITORX?$|^CLZERO$/.test(mnemonic),
    starred: /^(?:CALL|JMP)F?$/.test(mnemonic),
    unsized:
      operands.length === 1 && placeOf(operands[0]!).place === 'relative' && !/^(?:CALL|JMP|XBEGIN)$/.test(mnemonic),
    implies: impliedOf(mnemonic, operands.length),
    // the accumulator that says where a virtual machine is
    withoutOperands: operands[0] === 'aAX',
    // Using as, §9.16.3
    keepsOrder: /^(?:ENTER|BOUND)$/.test(mnemonic),
    // behind an immediate or a general register, which is first
    roundingAt: /^(?:Ib|E[ydq])$/.test(operands.at(-1) ?? '') ? 1 : 0,
  }
}

function nameOf(decoded: Decoded, { row, names }: AttRow): string {
  const { codeSize, operandSize, addressSize, vectorLength, broadcast } = decoded
  const inMemory = hasMemory(decoded)
  const shape =
    (codeSize >> 5) |
    ((operandSize >> 5) << 2) |
    ((addressSize >> 5) << 4) |
    ((vectorLength >> 7) << 6) |
    (inMemory ? 0x200 : 0) |
    (broadcast ? 0x400 : 0)
  names[shape] ??= attName(row, { codeSize, operandSize, addressSize, vectorLength, inMemory, broadcast })
  return textOfRow(decoded.row).conditional ? conditional(names[shape], decoded) : names[shape]
}

/** CCMP and CTEST, with the condition before the suffix. */
const conditional = (name: string, decoded: Decoded): string =>
  name.replace(/^(?:ccmp|ctest)/, (root) => root + conditionName(decoded)) + defaultFlagsText(decoded)

function hasMemory({ operands, count }: Decoded): boolean {
  for (let at = 0; at < count; at += 1) if (operands[at]!.kind === 'memory') return true
  return false
}

function prefixesOf(decoded: Decoded, row: AttRow): string {
  const { lock, rep, noTrack, addressSize, operandSize, codeSize } = decoded
  let text = hintText(decoded) + (decoded.noFlags ? '{nf} ' : '') + (lock ? 'lock ' : '')
  if (rep !== 'none') text += rep === 'repne' ? 'repne ' : textOfRow(decoded.row).compares ? 'repe ' : 'rep '
  if (noTrack && row.starred && isNearIndirect(decoded)) text += 'notrack '
  if (row.addressed && addressSize !== codeSize) text += `addr${addressSize} `
  if (row.segmented && overrides(decoded)) text += `${segmentNames[decoded.segment]} `
  return row.unsized && codeSize !== 64 && operandSize !== codeSize ? `${text}data${operandSize} ` : text
}

/** A segment prefix that changes anything. */
function overrides({ segmentOverride, codeSize, segment }: Decoded): boolean {
  return segmentOverride && (codeSize !== 64 || segment >= 4)
}

/** NOTRACK is for near branches. */
const isNearIndirect = ({ operands, mnemonic }: Decoded): boolean =>
  operands[0]!.kind !== 'relative' && !mnemonic.endsWith('F')

const pointed = (register: number, { addressSize }: Decoded): string => `(%${generalName(register, addressSize)})`
const source = (decoded: Decoded): string => `%${segmentNames[decoded.segment]}:${pointed(6, decoded)}`
const destination = (decoded: Decoded): string => `%es:${pointed(7, decoded)}`

/** Operands of string instructions and XLAT, which are written though the opcode implies them. */
function impliedOf(mnemonic: string, count: number): ((decoded: Decoded) => string[]) | undefined {
  const match = count === 0 ? /^(MOVS|CMPS|LODS|STOS|SCAS|INS|OUTS|XLAT)(B?)$/.exec(mnemonic) : null
  if (match === null) return undefined
  const accumulator = ({ operandSize }: Decoded) => `%${generalName(0, match[2] === 'B' ? 8 : operandSize)}`
  switch (match[1]) {
    case 'MOVS':
      return (decoded) => [source(decoded), destination(decoded)]
    case 'CMPS':
      return (decoded) => [destination(decoded), source(decoded)]
    case 'LODS':
      return (decoded) => [source(decoded), accumulator(decoded)]
    case 'STOS':
      return (decoded) => [accumulator(decoded), destination(decoded)]
    case 'SCAS':
      return (decoded) => [destination(decoded), accumulator(decoded)]
    case 'INS':
      return (decoded) => ['(%dx)', destination(decoded)]
    case 'OUTS':
      return (decoded) => [source(decoded), '(%dx)']
    default:
      return (decoded) => [`%${segmentNames[decoded.segment]}:${pointed(3, decoded)}`]
  }
}

/** Operands in AT&T's order, the destination last, with its mask; rounding stands before all. */
function explicitOperands(decoded: Decoded, row: AttRow, ripAt: bigint | undefined): string[] {
  const texts: string[] = []
  if (row.withoutOperands) return texts
  for (let at = decoded.count - 1; at >= 0; at -= 1) texts.push(operandText(decoded, row, at, ripAt))
  if (row.keepsOrder) texts.reverse()
  if (decoded.mask !== 0) texts[texts.length - 1] += `{%k${decoded.mask}}${decoded.zeroing ? '{z}' : ''}`
  if (decoded.rounding !== 'none') texts.splice(row.roundingAt, 0, roundings[decoded.rounding])
  return texts
}

const roundings = {
  ...{ nearest: '{rn-sae}', down: '{rd-sae}', up: '{ru-sae}', zero: '{rz-sae}' },
  sae: '{sae}',
} as const

function operandText(decoded: Decoded, { row, starred }: AttRow, at: number, ripAt: bigint | undefined): string {
  const operand = decoded.operands[at]!
  const star = starred ? '*' : ''
  switch (operand.kind) {
    case 'register':
      return star + registerText(operand, row.operands[at]!)
    case 'memory':
      return star + addressText(decoded) + broadcastText(decoded, operand)
    case 'immediate':
      return `$${immediateText(operand)}`
    case 'relative':
      return targetText(decoded, operand, ripAt)
    case 'far':
      return `$${hexadecimal(operand.high)},$${hexadecimal(operand.low >>> 0)}`
    default:
      return operand.kind satisfies never
  }
}

/** The port in DX looks like memory, and the stack's top has no number. */
function registerText(operand: DecodedOperand, code: OperandCode): string {
  if (code === 'ST(0)') return '%st'
  return code === 'DX' ? '(%dx)' : `%${registerName(operand)}`
}

const hexadecimal = (value: number | bigint): string => `0x${value.toString(16)}`
const signedText = (value: number): string => (value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`)

/** The value of an immediate, unsigned. */
function immediateText({ low, high, width }: DecodedOperand): string {
  if (width === 64) return longText(low, high)
  return hexadecimal(width === 32 ? low >>> 0 : low & ((1 << width) - 1))
}

function longText(low: number, high: number): string {
  if (high === 0) return hexadecimal(low >>> 0)
  return `0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, '0')}`
}

function addressText(decoded: Decoded): string {
  const { base, index, displacement, addressSize, indexWidth, scale } = decoded
  const segment = overrides(decoded) ? `%${segmentNames[decoded.segment]}:` : ''
  if (base === noRegister && index === noRegister) return segment + absoluteText(decoded)
  const rip = addressSize === 64 ? '%rip' : '%eip'
  const baseText = base === noRegister ? '' : base === ripBase ? rip : `%${generalName(base, addressSize)}`
  const shown = displacement === 0 && base !== ripBase && base !== noRegister ? '' : signedText(displacement)
  if (index === noRegister) return `${segment}${shown}(${baseText})`
  const indexText = indexWidth === 0 ? generalName(index, addressSize) : vectorName(index, indexWidth)
  const factor = addressSize === 16 ? '' : `,${1 << scale}`
  return `${segment}${shown}(${baseText},%${indexText}${factor})`
}

/** An address without registers. */
function absoluteText({ displacement, displacementHigh, addressSize }: Decoded): string {
  if (addressSize === 64) return longText(displacement, displacementHigh)
  return hexadecimal(addressSize === 16 ? displacement & 0xffff : displacement >>> 0)
}

/** So many elements are made of the one in memory. */
function broadcastText({ broadcast, vectorLength, row }: Decoded, { width }: DecodedOperand): string {
  return broadcast ? `{1to${(vectorLength >> textOfRow(row).halved) / width}}` : ''
}

function targetText(decoded: Decoded, { low }: DecodedOperand, ripAt: bigint | undefined): string {
  const distance = decoded.length + low
  if (ripAt === undefined) return distance < 0 ? `.-${hexadecimal(-distance)}` : `.+${hexadecimal(distance)}`
  return hexadecimal(BigInt.asUintN(targetWidth(decoded), ripAt + BigInt(distance)))
}
