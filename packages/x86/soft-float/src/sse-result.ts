import type { Outcome } from './arithmetic.ts'
import { type BinaryFormat, pack, packSpecial } from './binary-format.ts'
import type { SseContext } from './context.ts'
import { DE, IE, preComputation, ZE } from './flags.ts'
import { roundTo } from './rounding.ts'
import { isNan, type Unpacked } from './unpacked.ts'

/**
 * A pattern and the flags to raise. The value is the masked response; where `flags & ~masks` is not 0 an SSE
 * instruction writes nothing.
 */
export interface SseResult {
  readonly value: bigint
  readonly flags: number
}

/**
 * The flags that a packed instruction raises, from all of its elements' flags or-ed: where an exception of the
 * operands is unmasked, those of results are not looked for. Source: SDM 1 §11.5.3.
 */
export function sseFlags(flags: number, masks: number): number {
  const before = flags & preComputation
  return (before & ~masks) !== 0 ? before : flags
}

/** The response to NaNs: the first operand if it is one, else the second, made quiet. Source: SDM 1 table 4-7. */
export function sseNan(format: BinaryFormat, bits: readonly bigint[], operands: readonly Unpacked[]): SseResult {
  const nan = bits[operands.findIndex(isNan)]!
  const isSignaling = operands.some((operand) => operand.kind === 'signaling')
  return { value: BigInt.asUintN(format.width, nan) | format.quietBit, flags: isSignaling ? IE : 0 }
}

/** Rounds and packs what an operation came to. `denormal` says whether an operand was. */
export function sseDeliver(format: BinaryFormat, outcome: Outcome, denormal: boolean, context: SseContext): SseResult {
  switch (outcome.kind) {
    case 'invalid':
      return { value: format.indefinite, flags: IE }
    case 'zero-divide':
      return { value: packSpecial(format, 'infinity', outcome.negative), flags: ZE }
    case 'zero':
    case 'infinity':
      return { value: packSpecial(format, outcome.kind, outcome.negative), flags: denormal ? DE : 0 }
    case 'finite': {
      const rounded = roundTo(format, outcome, context, context.flushToZero)
      const flags = sseFlags(denormal ? rounded.flags | DE : rounded.flags, context.masks)
      return { value: pack(format, rounded), flags }
    }
    default:
      return outcome.kind satisfies never
  }
}
