import type { CodeSize } from '@vmm/x86-decoder'
import type { OperandPlace, OperandSize } from '@vmm/x86-opcodes'
import type { Form, Size } from './forms.ts'

/** A size of an operand code in bits, at an operand size. */
export function widthOf(size: OperandSize, operandSize: Size): number {
  if (typeof size === 'number') return size
  if (size === 'v') return operandSize
  if (size !== 'y' && size !== 'z') throw new Error(`no instruction of this size is assembled: ${size}`)
  return size === 'z' ? Math.min(operandSize, 32) : Math.max(operandSize, 32)
}

/** An operand size that a form can have in some code, and what it takes to say so. */
export interface SizeChoice {
  readonly size: Size
  /** The prefix 66H. */
  readonly prefix: boolean
  /** REX.W or VEX.W. */
  readonly w: boolean
}

/** The operand sizes a form can have, the default first. */
export function sizeChoices({ row, pattern }: Form, codeSize: CodeSize): readonly SizeChoice[] {
  // 66H means something else, or is forbidden, where a mandatory prefix or VEX is concerned
  const prefixable =
    pattern.space === 'legacy' && !['NP', '66'].includes(pattern.mandatory) && !row.attributes.includes('no66')
  if (codeSize !== 64) {
    if (pattern.w === 1) return []
    const other = codeSize === 16 ? 32 : 16
    const plain: SizeChoice = { size: codeSize, prefix: false, w: false }
    return prefixable ? [plain, { size: other, prefix: true, w: false }] : [plain]
  }
  const [short, plain, wide] = [choice(16, true, false), choice(32, false, false), choice(64, false, true)]
  if (pattern.w === 1) return [wide]
  if (row.attributes.includes('force64')) return [choice(64, false, false)]
  if (row.attributes.includes('default64')) return [choice(64, false, false), short]
  const sizes = pattern.w === 0 ? [plain] : [plain, wide]
  return prefixable ? [...sizes, short] : sizes
}

const choice = (size: Size, prefix: boolean, w: boolean): SizeChoice => ({ size, prefix, w })

/** Whether an operand's encoding or width follows the operand size. */
function follows(place: OperandPlace): boolean {
  switch (place.place) {
    case 'rm':
      return isLetter(place.size) || isLetter(place.memory)
    case 'reg':
    case 'vvvv':
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
