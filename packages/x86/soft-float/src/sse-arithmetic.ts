import { add, divide, multiply, type Outcome, squareRoot, subtract } from './arithmetic.ts'
import { type BinaryFormat, packSpecial, unpack } from './binary-format.ts'
import type { SseContext } from './context.ts'
import { DE, IE } from './flags.ts'
import { type SseResult, sseDeliver, sseNan } from './sse-result.ts'
import { isNan, relationOf, type UnpackedNumber } from './unpacked.ts'

type Binary = (x: UnpackedNumber, y: UnpackedNumber, rounding: SseContext['rounding']) => Outcome

function compute(operation: Binary, format: BinaryFormat, a: bigint, b: bigint, context: SseContext): SseResult {
  const x = unpack(format, a, context.denormalsAreZero)
  const y = unpack(format, b, context.denormalsAreZero)
  if (isNan(x) || isNan(y)) return sseNan(format, [a, b], [x, y])
  return sseDeliver(format, operation(x, y, context.rounding), x.denormal || y.denormal, context)
}

/** ADDSS, ADDSD: a + b. */
export function sseAdd(format: BinaryFormat, a: bigint, b: bigint, context: SseContext): SseResult {
  return compute(add, format, a, b, context)
}

/** SUBSS, SUBSD: a − b. */
export function sseSubtract(format: BinaryFormat, a: bigint, b: bigint, context: SseContext): SseResult {
  return compute(subtract, format, a, b, context)
}

/** MULSS, MULSD: a × b. */
export function sseMultiply(format: BinaryFormat, a: bigint, b: bigint, context: SseContext): SseResult {
  return compute(multiply, format, a, b, context)
}

/** DIVSS, DIVSD: a ÷ b. */
export function sseDivide(format: BinaryFormat, a: bigint, b: bigint, context: SseContext): SseResult {
  return compute(divide, format, a, b, context)
}

/** SQRTSS, SQRTSD: √a. */
export function sseSquareRoot(format: BinaryFormat, a: bigint, context: SseContext): SseResult {
  const x = unpack(format, a, context.denormalsAreZero)
  if (isNan(x)) return sseNan(format, [a], [x])
  return sseDeliver(format, squareRoot(x), x.denormal, context)
}

/** MINSS, MINSD: a where a < b, else b; so b for two zeros and, with IE, for any NaN. Source: SDM 2B, MINSS. */
export function sseMin(format: BinaryFormat, a: bigint, b: bigint, context: SseContext): SseResult {
  return choose('less', format, a, b, context)
}

/** MAXSS, MAXSD: a where a > b, else b; so b for two zeros and, with IE, for any NaN. Source: SDM 2B, MAXSS. */
export function sseMax(format: BinaryFormat, a: bigint, b: bigint, context: SseContext): SseResult {
  return choose('greater', format, a, b, context)
}

function choose(
  wanted: 'less' | 'greater',
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  context: SseContext,
): SseResult {
  const x = unpack(format, a, context.denormalsAreZero)
  const y = unpack(format, b, context.denormalsAreZero)
  const [bits, operand] = relationOf(x, y) === wanted ? [a, x] : [b, y]
  const value =
    operand.kind === 'zero' ? packSpecial(format, 'zero', operand.negative) : BigInt.asUintN(format.width, bits)
  if (isNan(x) || isNan(y)) return { value, flags: IE }
  return { value, flags: x.denormal || y.denormal ? DE : 0 }
}
