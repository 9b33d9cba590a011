import { add, multiply, type Outcome } from './arithmetic.ts'
import { type BinaryFormat, unpack } from './binary-format.ts'
import type { SseContext } from './context.ts'
import { IE } from './flags.ts'
import { type SseResult, sseDeliver, sseNan } from './sse-result.ts'
import { isNan, type UnpackedNumber } from './unpacked.ts'

/** What is done to the product and to the third operand before they are added. */
export interface FusedSigns {
  readonly product: 'kept' | 'negated'
  readonly term: 'kept' | 'negated'
}

/**
 * VFMADD and its kin: ±(a × b) ± c, rounded once. Of several NaNs it is the first by this order that comes back, its sign as it was.
 * Source: SDM 1 §14.5.1 and §14.5.2, table 14-17.
 */
export function sseFusedMultiplyAdd(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  c: bigint,
  signs: FusedSigns,
  context: SseContext,
): SseResult {
  const bits = [a, b, c]
  const operands = bits.map((each) => unpack(format, each, context.denormalsAreZero))
  const [x, y, z] = operands as [UnpackedNumber, UnpackedNumber, UnpackedNumber]
  if (operands.some(isNan)) return sseNan(format, bits, operands)
  const denormal = x.denormal || y.denormal || z.denormal
  const product = multiply(x, y)
  if (product.kind === 'invalid') return { value: format.indefinite, flags: IE }
  const term = signs.term === 'negated' ? { ...z, negative: !z.negative } : z
  return sseDeliver(format, add(asNumber(product, signs), term, context.rounding), denormal, context)
}

function asNumber({ kind, negative, significand, exponent }: Outcome, signs: FusedSigns): UnpackedNumber {
  return {
    kind: kind === 'zero' || kind === 'infinity' ? kind : 'finite',
    negative: negative !== (signs.product === 'negated'),
    significand,
    exponent,
    denormal: false,
  }
}
