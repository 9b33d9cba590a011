export { type BinaryFormat, binary32, binary64 } from './binary-format.ts'
export { type Rounding, roundingOf, type SseContext, sseContext, type X87Context, x87Context } from './context.ts'
export { allMasked, DE, IE, OE, PE, preComputation, UE, ZE } from './flags.ts'
export { sseAdd, sseDivide, sseMax, sseMin, sseMultiply, sseSquareRoot, sseSubtract } from './sse-arithmetic.ts'
export {
  type NanPolicy,
  type SseComparison,
  type SsePredicateResult,
  sseCompare,
  ssePredicate,
} from './sse-compare.ts'
export { sseConvert, sseFromInteger, sseRoundToIntegral, sseToInteger } from './sse-convert.ts'
export { sseDotProduct } from './sse-dot-product.ts'
export { sseReciprocal, sseReciprocalSquareRoot } from './sse-estimate.ts'
export { type SseResult, sseFlags } from './sse-result.ts'
export type { Relation } from './unpacked.ts'
