import type { CodeSize } from '@vmm/x86-decoder'
import type { OperandPlace, OperandSize } from '@vmm/x86-opcodes'
import type { Form, Size } from './forms.ts'

/** Sizes that operand codes can follow: of operands, and of vectors. */
export interface Sizes {
  readonly size: Size
  readonly vectorLength: VectorLength
}

/** Bits of vectors. */
export type VectorLength = 128 | 256 | 512

/** A size of an operand code in bits; 0 for one as wide as an address, which any register of the code's may be. */
export function widthOf(of: OperandSize, { size, vectorLength }: Sizes): number {
  switch (of) {
    case 'v':
      return size
    case 'z':
      return Math.min(size, 32)
    case 'y':
      return Math.max(size, 32)
    case 'a':
      return 0
    case 'x':
      return vectorLength
    case 'x2':
      return vectorLength / 2
    case 'x4':
      return vectorLength / 4
    case 'x8':
      return vectorLength / 8
    default:
      return of
  }
}

/** An operand size and a vector length that a form can have in some code, and what it takes to say so. */
export interface SizeChoice extends Sizes {
  /** The prefix 66H, or what stands for it in EVEX. */
  readonly prefix: boolean
  /** REX.W or VEX.W. */
  readonly w: boolean
}

/** The operand sizes and vector lengths a form can have, the default first. */
export function sizeChoices(form: Form, codeSize: CodeSize): readonly SizeChoice[] {
  const { pattern } = form
  if (['legacy', '3DNow!', 'REX2'].includes(pattern.space)) return operandSizes(form, codeSize)
  const { w, mandatory } = pattern
  const narrow = choice(codeSize === 16 ? 16 : 32, false, false)
  // outside 64-bit code W is part of the opcode alone
  const wide = choice(codeSize === 64 ? 64 : narrow.size, false, true)
  const sizes = w === 0 ? [narrow] : w === 1 ? [wide] : codeSize === 64 ? [narrow, wide] : [narrow]
  // of EVEX, too, where pp chooses no row
  const all = mandatory === 'NFx' ? [...sizes, choice(16, true, false)] : sizes
  return lengthsOf(form).flatMap((vectorLength) => all.map((size) => ({ ...size, vectorLength })))
}

/** A length that the opcode gives, or all that there are; where it is ignored it is 128. */
function lengthsOf({ row, pattern }: Form): readonly VectorLength[] {
  const { l, ignoresLength, space } = pattern
  if (l !== undefined || ignoresLength) return [lengths[l ?? 0]]
  if (space !== 'EVEX') return [128, 256]
  return row.attributes.includes('wide') ? [256, 512] : lengths
}

const lengths = [128, 256, 512] as const

function operandSizes({ row, pattern }: Form, codeSize: CodeSize): readonly SizeChoice[] {
  // 66H means something else, or is forbidden, where a mandatory prefix or VEX is concerned
  const prefixable =
    pattern.space === 'legacy' && !['NP', '66'].includes(pattern.mandatory) && !row.attributes.includes('no66')
  if (codeSize !== 64) {
    if (pattern.w === 1) return []
    const other = codeSize === 16 ? 32 : 16
    const plain = choice(codeSize, false, false)
    return prefixable ? [plain, choice(other, true, false)] : [plain]
  }
  const [short, plain, wide] = [choice(16, true, false), choice(32, false, false), choice(64, false, true)]
  if (pattern.w === 1) return [wide]
  if (row.attributes.includes('force64')) return [choice(64, false, false)]
  if (row.attributes.includes('default64')) return [choice(64, false, false), short]
  const sizes = pattern.w === 0 ? [plain] : [plain, wide]
  return prefixable ? [...sizes, short] : sizes
}

const choice = (size: Size, prefix: boolean, w: boolean): SizeChoice => ({ size, prefix, w, vectorLength: 128 })

/** Whether an operand's encoding or width follows the operand size. */
function follows(place: OperandPlace): boolean {
  switch (place.place) {
    case 'rm':
      return isLetter(place.size) || isLetter(place.memory) || isLetter(place.index)
    case 'reg':
    case 'vvvv':
    case 'is4':
    case 'opcode':
    case 'fixed':
    case 'moffs':
      return isLetter(place.size)
    default:
      return false
  }
}

const isLetter = (size: OperandSize | undefined): boolean => typeof size === 'string'

/** Whether given operands can choose the operand size; otherwise it is the default or what the name says. */
export function chosenByOperands({ places }: Form): boolean {
  return places.some(follows)
}
