export { type BinaryFormat, binary32, binary64 } from './binary-format.ts'
export { type Rounding, roundingOf, type SseContext, sseContext, type X87Context, x87Context } from './context.ts'
export { allMasked, DE, IE, OE, PE, preComputation, UE, ZE } from './flags.ts'
export { bitsOf80, type Float80, float80, indefinite80 } from './float80.ts'
export { sseAdd, sseDivide, sseMax, sseMin, sseMultiply, sseSquareRoot, sseSubtract } from './sse-arithmetic.ts'
export {
  type SseComparison,
  type SsePredicateResult,
  sseCompare,
  ssePredicate,
} from './sse-compare.ts'
export { sseConvert, sseFromHalf, sseFromInteger, sseRoundToIntegral, sseToHalf, sseToInteger } from './sse-convert.ts'
export { sseDotProduct } from './sse-dot-product.ts'
export { sseReciprocal, sseReciprocalSquareRoot } from './sse-estimate.ts'
export { type FusedSigns, sseFusedMultiplyAdd } from './sse-fused.ts'
export { type SseResult, sseFlags } from './sse-result.ts'
export type { NanPolicy, Relation } from './unpacked.ts'
export { x87ArcTangent } from './x87-arc-tangent.ts'
export { x87Add, x87Divide, x87Multiply, x87SquareRoot, x87Subtract } from './x87-arithmetic.ts'
export { x87FromBcd, x87ToBcd } from './x87-bcd.ts'
export { C0, C1, C2, C3, type X87Class, type X87Comparison, x87Compare, x87Examine } from './x87-compare.ts'
export { type X87Constant, x87Constant } from './x87-constants.ts'
export { x87FromInteger, x87Load, x87RoundToIntegral, x87Store, x87ToInteger, x87Widen } from './x87-convert.ts'
export { x87Exponential, x87Logarithm, x87LogarithmOfSum } from './x87-exponential.ts'
export { type X87Remainder, x87Remainder, x87RemainderNearest } from './x87-remainder.ts'
export type { X87Result } from './x87-result.ts'
export { type X87Extracted, x87Extract, x87Scale } from './x87-scale.ts'
export {
  type SineAndCosine,
  type TangentAndOne,
  type X87Angle,
  x87Cosine,
  x87Sine,
  x87SineAndCosine,
  x87Tangent,
} from './x87-trigonometry.ts'
