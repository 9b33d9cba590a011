import { type Decoded, type DecodedOperand, noRegister, ripBase } from './decoded.ts'
import { longNumberText, numberText } from './number-text.ts'
import { generalName, registerName, segmentNames, vectorName } from './register-names.ts'
import { sizedMnemonicOf } from './row-of.ts'
import { memoryWidth, nameOf, type RowText, textOfRow } from './row-text.ts'

/**
 * The instruction in Intel's syntax, lower case: `lock add qword ptr fs:[rax+rcx*8-0x10], rdx`. With `ripAt`, the
 * address of its first byte, branch targets and RIP-relative addresses are absolute; without, they are written
 * `$+0x10` and `[rip+0x10]`.
 */
export function format(decoded: Decoded, ripAt?: bigint): string {
  const row = textOfRow(decoded.row)
  let text = headText(decoded, row)
  for (let at = 0; at < decoded.count; at += 1) {
    text += at === 0 ? ' ' : ', '
    text += operandText(decoded, row, decoded.operands[at]!, ripAt)
    if (at === 0 && decoded.mask !== 0) text += maskText(decoded)
  }
  return decoded.rounding === 'none' ? text : text + roundingText(decoded.rounding)
}

/** The mnemonic, and prefixes before it. */
export function headText(decoded: Decoded, row: RowText): string {
  const name = row.conditional ? nameOf(row, decoded) + conditionText(decoded) : nameOf(row, decoded)
  return decoded.lock ||
    decoded.rep !== 'none' ||
    decoded.hint !== 'none' ||
    decoded.noFlags ||
    row.repeats ||
    row.compares ||
    row.implicitMemory ||
    row.unsaid !== 0
    ? prefixesText(decoded, row) + name
    : name
}

/** The opmask register behind the first operand. */
export function maskText({ mask, zeroing }: Decoded): string {
  return ` {k${mask}}${zeroing ? ' {z}' : ''}`
}

/** Rounding behind the last operand. */
export function roundingText(rounding: Exclude<Decoded['rounding'], 'none'>): string {
  return `, ${roundingTexts[rounding]}`
}

/** Rounding in the words of SDM 2A §2.7.6. */
const roundingTexts = {
  ...{ nearest: '{rn-sae}', down: '{rd-sae}', up: '{ru-sae}', zero: '{rz-sae}' },
  sae: '{sae}',
} as const

/** Conditions in the order of `Decoded.condition`. Source: Intel APX Architecture Specification 355828, SCC. */
const conditions = 'o no b nb z nz be nbe s ns t f l nl le nle'.split(' ')
const flagsByBit = ['of', 'sf', 'zf', 'cf']

/** The condition that ends a name. */
export function conditionName({ condition }: Decoded): string {
  return conditions[condition]!
}

/** Flags where a condition is not met. */
export function defaultFlagsText({ defaultFlags }: Decoded): string {
  return ` {dfv=${flagsByBit.filter((_, at) => ((defaultFlags << at) & 8) !== 0).join()}}`
}

const conditionText = (decoded: Decoded): string => conditionName(decoded) + defaultFlagsText(decoded)

/** What F2 or F3 hints. */
export function hintText({ hint }: Decoded): string {
  return hint === 'none' ? '' : `${hint} `
}

function prefixesText(decoded: Decoded, row: RowText): string {
  const { repeats, compares, implicitMemory } = row
  let text = hintText(decoded) + (decoded.noFlags ? '{nf} ' : '') + (decoded.lock ? 'lock ' : '')
  if (decoded.rep !== 'none') text += decoded.rep === 'repne' ? 'repne ' : compares ? 'repe ' : 'rep '
  if (row.unsaid !== 0) text += unsaidText(decoded, row.unsaid)
  if (!repeats && !compares && !implicitMemory) return text
  if (decoded.addressSize !== decoded.codeSize) text += `a${decoded.addressSize} `
  return text + (overrides(decoded) ? `${segmentNames[decoded.segment]} ` : '')
}

/** The operand size where nothing else shows that it is not the usual one, neither an operand nor the name: `o16`, `o32`. */
function unsaidText(decoded: Decoded, in64: number): string {
  const { operandSize, codeSize, mnemonic } = decoded
  if (operandSize === (codeSize === 64 ? in64 : codeSize)) return ''
  // tables and environments of 64-bit code have one size
  if (codeSize === 64 && /^[LSF]/.test(mnemonic) && mnemonic !== 'LEAVE') return ''
  return sizedMnemonicOf(decoded) === mnemonic ? `o${operandSize} ` : ''
}

/** A segment prefix that changes anything. */
function overrides({ segmentOverride, codeSize, segment }: Decoded): boolean {
  return segmentOverride && (codeSize !== 64 || segment >= 4)
}

function operandText(decoded: Decoded, row: RowText, operand: DecodedOperand, ripAt: bigint | undefined): string {
  switch (operand.kind) {
    case 'register':
      return registerName(operand)
    case 'memory': {
      const text = sizeText(row, operand) + addressText(decoded, ripAt)
      return decoded.broadcast ? text + broadcastText(decoded, row, operand) : text
    }
    case 'immediate':
      return valueText(operand.low, operand.high, operand.width)
    case 'relative':
      return targetText(decoded, operand, ripAt)
    case 'far':
      return `${numberText(operand.high)}:${numberText(operand.low >>> 0)}`
    default:
      return operand.kind satisfies never
  }
}

/** The value of an immediate, unsigned. */
export function valueText(low: number, high: number, width: number): string {
  if (width === 64) return longNumberText(low, high)
  return numberText(width === 32 ? low >>> 0 : low & ((1 << width) - 1))
}

/** How wide an operand in memory is, in words. */
export function sizeText(row: RowText, { width }: DecodedOperand): string {
  return sizeTexts.get(memoryWidth(row, width)) ?? ''
}

const sizeTexts: ReadonlyMap<number, string> = new Map([
  ...([
    [8, 'byte ptr '],
    [16, 'word ptr '],
    [32, 'dword ptr '],
    [48, 'fword ptr '],
    [64, 'qword ptr '],
  ] as const),
  ...([
    [80, 'tbyte ptr '],
    [128, 'xmmword ptr '],
    [256, 'ymmword ptr '],
    [512, 'zmmword ptr '],
  ] as const),
])

/** So many elements are made of the one in memory: `{1to8}`. */
export function broadcastText({ vectorLength }: Decoded, { halved }: RowText, { width }: DecodedOperand): string {
  return `{1to${(vectorLength >> halved) / width}}`
}

const remembered = 1024
const addressKeys = new Int32Array(remembered).fill(-1)
const addressTexts = new Array<string>(remembered).fill('')

/** Segment and registers of an address, from the bracket on that opens it. What was there lately is remembered. */
export function registersText(decoded: Decoded): string {
  const { base, index, scale, addressSize, indexWidth } = decoded
  const segment = overrides(decoded) ? decoded.segment + 1 : 0
  const key =
    (base + 1) |
    ((index + 1) << 6) |
    (scale << 12) |
    ((addressSize >> 5) << 14) |
    ((indexWidth >> 6) << 16) |
    (segment << 20)
  const place = (key ^ (key >> 10)) & (remembered - 1)
  if (addressKeys[place] !== key) {
    addressKeys[place] = key
    addressTexts[place] = `${segment === 0 ? '' : `${segmentNames[segment - 1]}:`}[${sumText(decoded)}`
  }
  return addressTexts[place]!
}

function sumText({ base, index, scale, addressSize, indexWidth }: Decoded): string {
  const parts: string[] = []
  if (base !== noRegister)
    parts.push(base === ripBase ? (addressSize === 64 ? 'rip' : 'eip') : generalName(base, addressSize))
  if (index !== noRegister) {
    const name = indexWidth === 0 ? generalName(index, addressSize) : vectorName(index, indexWidth)
    parts.push(scale === 0 ? name : `${name}*${1 << scale}`)
  }
  return parts.join('+')
}

function addressText(decoded: Decoded, ripAt: bigint | undefined): string {
  const { base, index, displacement } = decoded
  if (base === ripBase && ripAt !== undefined) {
    const segment = overrides(decoded) ? `${segmentNames[decoded.segment]}:` : ''
    return `${segment}[rel ${hexadecimal(ripTarget(decoded, ripAt))}]`
  }
  const text = registersText(decoded)
  if (base === noRegister && index === noRegister) return `${text}${absoluteText(decoded)}]`
  return `${text}${displacementText(displacement)}]`
}

/** What is added to the registers of an address. */
export function displacementText(displacement: number): string {
  if (displacement === 0) return ''
  return displacement < 0 ? `-${numberText(-displacement)}` : `+${numberText(displacement)}`
}

/** An address without registers. */
export function absoluteText({
  displacement,
  displacementHigh,
  addressSize,
}: Pick<Decoded, 'displacement' | 'displacementHigh' | 'addressSize'>): string {
  if (addressSize === 64) return longNumberText(displacement, displacementHigh)
  return numberText(addressSize === 16 ? displacement & 0xffff : displacement >>> 0)
}

/** Where a RIP-relative address is. */
function ripTarget({ addressSize, length, displacement }: Decoded, ripAt: bigint): bigint {
  return BigInt.asUintN(addressSize, ripAt + BigInt(length + displacement))
}

/** A number of 64 bits as assemblers write it. */
const hexadecimal = (value: bigint): string => (value < 10n ? `${value}` : `0x${value.toString(16)}`)

function targetText(decoded: Decoded, { low }: DecodedOperand, ripAt: bigint | undefined): string {
  return placeText(decoded.length + low, targetWidth(decoded), ripAt)
}

/** Where something is that is so far from the first byte: a branch's target. */
export function placeText(distance: number, width: number, ripAt: bigint | undefined): string {
  if (ripAt === undefined) return distance < 0 ? `$-${numberText(-distance)}` : `$+${numberText(distance)}`
  return hexadecimal(BigInt.asUintN(width, ripAt + BigInt(distance)))
}

/** Branches go to an instruction pointer as wide as the operand size; XBEGIN to one as wide as code. Source: SDM 2C, XBEGIN. */
export function targetWidth({ mnemonic, operandSize, codeSize }: Decoded): number {
  return mnemonic === 'XBEGIN' ? codeSize : operandSize
}
