import { type Decoded, type DecodedOperand, noRegister, ripBase } from './decoded.ts'
import { generalName, registerName, segmentNames, vectorName } from './register-names.ts'
import { rowOf, sizedMnemonicOf } from './row-of.ts'

/**
 * The instruction in Intel's syntax, lower case: `lock add qword ptr fs:[rax+rcx*8-0x10], rdx`. With `ripAt`, the
 * address of its first byte, branch targets and RIP-relative addresses are absolute; without, they are written
 * `$+0x10` and `[rip+0x10]`.
 */
export function format(decoded: Decoded, ripAt?: bigint): string {
  const operands = decoded.operands
    .slice(0, decoded.count)
    .map((operand, at) => operandText(decoded, operand, at, ripAt))
  const name = prefixesText(decoded) + sizedMnemonicOf(decoded).toLowerCase()
  if (decoded.mask !== 0) operands[0] += ` {k${decoded.mask}}${decoded.zeroing ? ' {z}' : ''}`
  if (decoded.rounding !== 'none') operands.push(roundingTexts[decoded.rounding])
  return operands.length === 0 ? name : `${name} ${operands.join(', ')}`
}

/** Rounding in the words of SDM 2A §2.7.6. */
const roundingTexts = {
  ...{ nearest: '{rn-sae}', down: '{rd-sae}', up: '{ru-sae}', zero: '{rz-sae}' },
  sae: '{sae}',
} as const

/** Instructions with implicit memory or a counter, whose address size and segment no operand shows. */
const implicitMemory = /^(?:LOOP|XLAT|MASKMOV|MONITOR|INS|OUTS)/

function prefixesText(decoded: Decoded): string {
  const { attributes } = rowOf(decoded)
  const repeats = attributes.includes('rep')
  const compares = attributes.includes('repz')
  let text = decoded.lock ? 'lock ' : ''
  if (decoded.rep !== 'none') text += decoded.rep === 'repne' ? 'repne ' : compares ? 'repe ' : 'rep '
  if (!repeats && !compares && !implicitMemory.test(decoded.mnemonic)) return text
  if (decoded.addressSize !== decoded.codeSize) text += `a${decoded.addressSize} `
  return text + (overrides(decoded) ? `${segmentNames[decoded.segment]} ` : '')
}

/** A segment prefix that changes anything. */
function overrides({ segmentOverride, codeSize, segment }: Decoded): boolean {
  return segmentOverride && (codeSize !== 64 || segment >= 4)
}

function operandText(decoded: Decoded, operand: DecodedOperand, at: number, ripAt: bigint | undefined): string {
  switch (operand.kind) {
    case 'register':
      return registerName(operand)
    case 'memory':
      return sizeText(decoded, operand, at) + addressText(decoded, ripAt) + broadcastText(decoded, operand)
    case 'immediate':
      return number(unsignedOf(operand))
    case 'relative':
      return targetText(decoded, operand, ripAt)
    case 'far':
      return `${number(BigInt(operand.high))}:${number(BigInt.asUintN(32, BigInt(operand.low)))}`
    default:
      return operand.kind satisfies never
  }
}

/** The value of an immediate, unsigned. */
function unsignedOf({ low, high, width }: DecodedOperand): bigint {
  return BigInt.asUintN(width, (BigInt(high) << 32n) | BigInt(low >>> 0))
}

const number = (value: bigint): string => (value < 10n ? `${value}` : `0x${value.toString(16)}`)

const sizes: Readonly<Record<number, string>> = {
  8: 'byte',
  16: 'word',
  32: 'dword',
  48: 'fword',
  64: 'qword',
  80: 'tbyte',
  128: 'xmmword',
  256: 'ymmword',
  512: 'zmmword',
}

/** So many elements are made of the one in memory: `{1to8}`. */
function broadcastText(decoded: Decoded, { width }: DecodedOperand): string {
  return decoded.broadcast ? `{1to${elementsOf(decoded) / width}}` : ''
}

/** Bits of the vector that an element in memory is broadcast to, which may be half or a quarter of the longest one. */
function elementsOf(decoded: Decoded): number {
  const code = rowOf(decoded).operands.find((one) => one.startsWith('W'))
  return decoded.vectorLength >> (code === 'Wx2' ? 1 : code === 'Wx4' ? 2 : code === 'Wx8' ? 3 : 0)
}

/** Far pointers are a selector longer than their offset, bounds are two. */
function sizeText(decoded: Decoded, { width }: DecodedOperand, at: number): string {
  const code = rowOf(decoded).operands[at]
  const size = sizes[code === 'Mp' ? width + 16 : code === 'Ma' ? width * 2 : width]
  return size === undefined ? '' : `${size} ptr `
}

function addressText(decoded: Decoded, ripAt: bigint | undefined): string {
  const { base, index, scale, addressSize } = decoded
  const segment = overrides(decoded) ? `${segmentNames[decoded.segment]}:` : ''
  const displacement = (BigInt(decoded.displacementHigh) << 32n) | BigInt(decoded.displacement >>> 0)
  if (base === ripBase && ripAt !== undefined) {
    const target = BigInt.asUintN(addressSize, ripAt + BigInt(decoded.length) + displacement)
    return `${segment}[rel ${number(target)}]`
  }
  const parts: string[] = []
  if (base !== noRegister)
    parts.push(base === ripBase ? (addressSize === 64 ? 'rip' : 'eip') : generalName(base, addressSize))
  if (index !== noRegister) parts.push(indexText(decoded) + (scale === 0 ? '' : `*${1 << scale}`))
  const sum = parts.join('+')
  if (sum === '') return `${segment}[${number(BigInt.asUintN(addressSize, displacement))}]`
  const distance =
    displacement === 0n ? '' : displacement < 0n ? `-${number(-displacement)}` : `+${number(displacement)}`
  return `${segment}[${sum}${distance}]`
}

function indexText({ index, indexWidth, addressSize }: Decoded): string {
  return indexWidth === 0 ? generalName(index, addressSize) : vectorName(index, indexWidth)
}

function targetText(decoded: Decoded, { low }: DecodedOperand, ripAt: bigint | undefined): string {
  const distance = decoded.length + low
  if (ripAt === undefined) return distance < 0 ? `$-${number(BigInt(-distance))}` : `$+${number(BigInt(distance))}`
  return number(BigInt.asUintN(targetWidth(decoded), ripAt + BigInt(distance)))
}

/** Branches go to an instruction pointer as wide as the operand size; XBEGIN to one as wide as code. Source: SDM 2C, XBEGIN. */
export function targetWidth({ mnemonic, operandSize, codeSize }: Decoded): number {
  return mnemonic === 'XBEGIN' ? codeSize : operandSize
}
