import type { Segment, Width } from '../algebra.ts'
import type { AnyOperand, Operand } from '../operand.ts'
import { gprText } from './state-names.ts'

/** How operands are called: as the manual's Operation sections do, by position and by what happens to them. */
export class Places {
  readonly #names: readonly string[]
  readonly #operands: readonly AnyOperand[]

  /** `written` are the positions that the description writes. */
  constructor(operands: readonly AnyOperand[], written: ReadonlySet<number>) {
    this.#operands = operands
    this.#names = operands.map((operand, position) => nameOf(operand, position, operands, written))
  }

  /** The name of an operand, or of a register that the description names itself. */
  text(operand: Operand<Width>): string {
    const far = this.#operands.find(
      (each) => each.kind === 'far' && (each.selector === operand || each.offset === operand),
    )
    if (far?.kind === 'far') return far.selector === operand ? 'SRC.selector' : 'SRC.offset'
    if (operand.kind === 'register' && operand.position < 0) {
      return operand.file === 'gpr'
        ? gprText(operand.index!, operand.width, operand.highByte)
        : `${operand.width === 256 ? 'YMM' : 'XMM'}${operand.index}`
    }
    return this.#names[operand.position]!
  }
}

function nameOf(
  operand: AnyOperand,
  position: number,
  operands: readonly AnyOperand[],
  written: ReadonlySet<number>,
): string {
  if (operand.kind === 'relative') return 'TARGET'
  if (operands.length === 1) return written.has(position) ? 'DEST' : 'SRC'
  if (position === 0) return written.has(0) ? 'DEST' : 'SRC1'
  if (operands.length > 2 && operand.kind === 'immediate') return 'IMM'
  if (operands.length === 2) return written.has(0) ? 'SRC' : 'SRC2'
  if (written.has(position)) return `DEST${position + 1}`
  const sources = operands.filter((each, at) => each.kind !== 'immediate' && at > 0 && !written.has(at))
  return sources.length === 1 ? 'SRC' : `SRC${position}`
}

/** What a place's reads depend on: all registers of a file may be one. */
export function keyOf(place: Operand<Width>): string {
  if (place.kind === 'register') return place.file
  return place.kind === 'memory' ? 'memory' : 'code'
}

/** A segment as the manual writes it before an offset; SEG is the instruction's own. */
export const segmentText = (segment: Segment): string => (segment === 'operand' ? 'SEG' : segment)
