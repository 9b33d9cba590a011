import type { OperandPlace, OperandSize } from '@vmm/x86-opcodes'
import type { Form, Size } from './forms.ts'
import type { Memory, PlainOperand, Register } from './operand.ts'
import { type Sizes, widthOf } from './sizes.ts'

/** What matching is relative to. */
export interface MatchContext {
  readonly codeSize: Size
  /** Sizes of operands and vectors. */
  readonly sizes: Sizes
  /** Bits of an element of memory that is broadcast; 0: none is. */
  readonly broadcast: number
  /** Labels are known to lie below 2³¹, so that 32 bits hold them, sign-extended. */
  readonly lowLabels: boolean
}

/** Whether operands can stand where a form has its places. */
export function matches(form: Form, operands: readonly PlainOperand[], context: MatchContext): boolean {
  const { places } = form
  return places.length === operands.length && places.every((place, at) => fits(place, operands[at]!, form, context))
}

function fits(place: OperandPlace, operand: PlainOperand, form: Form, context: MatchContext): boolean {
  switch (place.place) {
    case 'rm':
      return isMemory(operand)
        ? place.memory !== undefined &&
            fitsMemory(operand, memoryWidth(form, place.memory, context)) &&
            fitsIndex(operand, place.index, context)
        : isRegister(operand) && place.size !== undefined && isOf(operand, place.file, place.size, form, context)
    case 'reg':
    case 'vvvv':
    case 'is4':
    case 'opcode':
      return isRegister(operand) && isOf(operand, place.file, place.size, form, context)
    case 'fixed':
      return (
        isRegister(operand) &&
        isOf(operand, place.file, place.size, form, context) &&
        operand.index === place.index &&
        !operand.highByte
      )
    case 'immediate':
      return fitsImmediate(operand, widthOf(place.encoded, context.sizes), widthOf(place.size, context.sizes), context)
    case 'constant':
      return operand === BigInt(place.value)
    case 'relative':
      return (
        typeof operand === 'bigint' ||
        (isKind(operand, 'label') && allowsDistance(operand.distance, place.encoded === 8))
      )
    case 'moffs':
      return isMemory(operand) && fitsMemory(operand, widthOf(place.size, context.sizes)) && isOffset(operand, context)
    case 'far':
      return isKind(operand, 'far')
    case 'nibble':
      return typeof operand === 'bigint' && operand >= 0n && operand < 16n
    default:
      return place satisfies never
  }
}

const isKind = <K extends string>(operand: PlainOperand, kind: K): operand is Extract<PlainOperand, { kind: K }> =>
  typeof operand === 'object' && operand.kind === kind
const isRegister = (operand: PlainOperand): operand is Register => isKind(operand, 'register')
const isMemory = (operand: PlainOperand): operand is Memory => isKind(operand, 'memory')

/**
 * x87, control and debug registers have one width, whatever part of it takes part; a vector is in XMM, YMM or ZMM. A register as wide as an
 * address may be any that code has.
 */
function isOf(
  register: Register,
  file: Register['file'],
  size: OperandSize,
  { pattern }: Form,
  context: MatchContext,
): boolean {
  if (register.file !== file) return false
  if (size === 'a')
    return register.width >= 16 && (register.width === 64) === (context.codeSize === 64 && register.width !== 32)
  const width = widthOf(size, context.sizes)
  if (file === 'xmm')
    return register.width === Math.max(width, 128) && (register.index < 16 || pattern.space === 'EVEX')
  return file !== 'gpr' || register.width === width
}

/** An index is a vector where the form wants one, and nowhere else. */
function fitsIndex({ index }: Memory, wanted: OperandSize | undefined, { sizes }: MatchContext): boolean {
  if (wanted === undefined) return index?.file !== 'xmm'
  return index?.file === 'xmm' && index.width === Math.max(widthOf(wanted, sizes), 128)
}

/** Far pointers are a selector longer than their offset, bounds are two. */
function memoryWidth({ row }: Form, size: Parameters<typeof widthOf>[0], { sizes, broadcast }: MatchContext): number {
  if (broadcast !== 0) return broadcast
  const width = widthOf(size, sizes)
  return row.operands.includes('Mp') ? width + 16 : row.operands.includes('Ma') ? width * 2 : width
}

function fitsMemory({ size }: Memory, width: number): boolean {
  return size === undefined || width === 0 || size === width
}

/** An address without registers that moffs can hold: everything a label in 64-bit code needs RIP for is not. */
function isOffset({ base, index, displacement }: Memory, { codeSize }: MatchContext): boolean {
  if (base !== undefined || index !== undefined) return false
  return typeof displacement === 'bigint' || codeSize !== 64
}

function allowsDistance(distance: 'shortest' | 'short' | 'near', isShort: boolean): boolean {
  return distance === 'shortest' || (distance === 'short') === isShort
}

/** A number fits if it is a signed or unsigned number of the used width that the encoded width, extended, gives back. */
function fitsImmediate(operand: PlainOperand, encoded: number, used: number, { lowLabels }: MatchContext): boolean {
  if (typeof operand === 'bigint') {
    const limit = 1n << BigInt(used)
    if (operand >= limit || operand < -limit / 2n) return false
    return encoded === used || inSigned(BigInt.asIntN(used, operand), encoded)
  }
  if (!isKind(operand, 'label')) return false
  return encoded === used ? encoded >= 16 : encoded === 32 && lowLabels
}

/** Whether a number is one of so many bits with sign. */
export function inSigned(value: bigint, bits: number): boolean {
  return BigInt.asIntN(bits, value) === value
}

/** The width that an unsized memory operand would get: undefined where memory is sized or has no width. */
export function assumedWidth(form: Form, operands: readonly PlainOperand[], context: MatchContext): number | undefined {
  const at = operands.findIndex((operand) => isMemory(operand) && operand.size === undefined)
  const place = form.places[at]
  if (place?.place === 'moffs') return widthOf(place.size, context.sizes)
  if (place?.place !== 'rm' || place.memory === undefined) return undefined
  return memoryWidth(form, place.memory, context)
}
