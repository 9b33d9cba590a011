import type { X87Context } from './context.ts'
import { DE, IE } from './flags.ts'
import { type Float80, unpack80 } from './float80.ts'
import { isNan, type NanPolicy, type Relation, relationOf } from './unpacked.ts'
import { toRegister } from './x87-result.ts'

/** C0, C2 and C3 at their places in the status word. */
export const C0 = 0x0100
export const C1 = 0x0200
export const C2 = 0x0400
export const C3 = 0x4000

/** How two operands compare, and the flags to raise. */
export interface X87Comparison {
  readonly relation: Relation
  /** The relation as C3, C2 and C0 tell it. */
  readonly conditionCodes: number
  readonly flags: number
  /**
   * Whether an unmasked exception keeps the stack from being popped. The manual leaves the condition codes as they
   * were then; the CPU of our recordings writes them.
   */
  readonly written: boolean
}

const relationCodes: Readonly<Record<Relation, number>> = { greater: 0, less: C0, equal: C3, unordered: C3 | C2 | C0 }

/** FCOM and FCOMI (`signaling`), FUCOM and FUCOMI (`quiet`), FTST with +0. Unsupported operands always raise IE. */
export function x87Compare(a: Float80, b: Float80, nans: NanPolicy, context: X87Context): X87Comparison {
  const x = unpack80(a)
  const y = unpack80(b)
  const relation = relationOf(x, y)
  const flags = isNan(x) || isNan(y) ? nanFlags([x.kind, y.kind], nans) : x.denormal || y.denormal ? DE : 0
  const { written } = toRegister(relation, flags, false, context.masks)
  return { relation, conditionCodes: relationCodes[relation], flags, written }
}

function nanFlags(kinds: readonly string[], nans: NanPolicy): number {
  return nans === 'signaling' || kinds.some((kind) => kind === 'signaling' || kind === 'unsupported') ? IE : 0
}

/** What FXAM calls a register that is not empty. */
export type X87Class = 'unsupported' | 'nan' | 'normal' | 'infinity' | 'zero' | 'denormal'

const classCodes: Readonly<Record<X87Class, number>> = {
  unsupported: 0,
  nan: C0,
  normal: C2,
  infinity: C2 | C0,
  zero: C3,
  denormal: C3 | C2,
}

/** FXAM of a register that is not empty: the class, and C3, C2 and C0 for it with the sign in C1. */
export function x87Examine(value: Float80): { readonly class: X87Class; readonly conditionCodes: number } {
  const operand = unpack80(value)
  const name = classOf(operand)
  return { class: name, conditionCodes: classCodes[name] | (operand.negative ? C1 : 0) }
}

function classOf(operand: ReturnType<typeof unpack80>): X87Class {
  if (isNan(operand)) return operand.kind === 'unsupported' ? 'unsupported' : 'nan'
  if (operand.kind !== 'finite') return operand.kind
  return operand.denormal ? 'denormal' : 'normal'
}
