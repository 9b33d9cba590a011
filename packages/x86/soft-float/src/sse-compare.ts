import { type BinaryFormat, unpack } from './binary-format.ts'
import type { SseContext } from './context.ts'
import { DE, IE } from './flags.ts'
import { isNan, type NanPolicy, type Relation, relationOf } from './unpacked.ts'

/** How two operands compare, and the flags to raise. */
export interface SseComparison {
  readonly relation: Relation
  readonly flags: number
}

/** Whether a predicate holds, and the flags to raise. */
export interface SsePredicateResult {
  readonly holds: boolean
  readonly flags: number
}

/** COMISS and COMISD (`signaling`), UCOMISS and UCOMISD (`quiet`). */
export function sseCompare(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  nans: NanPolicy,
  context: SseContext,
): SseComparison {
  const x = unpack(format, a, context.denormalsAreZero)
  const y = unpack(format, b, context.denormalsAreZero)
  const relation = relationOf(x, y)
  if (!isNan(x) && !isNan(y)) return { relation, flags: x.denormal || y.denormal ? DE : 0 }
  const isInvalid = nans === 'signaling' || x.kind === 'signaling' || y.kind === 'signaling'
  return { relation, flags: isInvalid ? IE : 0 }
}

const E = 1
const L = 2
const G = 4
const U = 8
const relationBits: Readonly<Record<Relation, number>> = { equal: E, less: L, greater: G, unordered: U }

/** The relations for which predicates 0 to 15 hold, and which of them signal quiet NaNs. Source: SDM 2A table 3-1. */
const predicates = [
  { name: 'EQ_OQ', holds: E, nans: 'quiet' },
  { name: 'LT_OS', holds: L, nans: 'signaling' },
  { name: 'LE_OS', holds: L | E, nans: 'signaling' },
  { name: 'UNORD_Q', holds: U, nans: 'quiet' },
  { name: 'NEQ_UQ', holds: L | G | U, nans: 'quiet' },
  { name: 'NLT_US', holds: E | G | U, nans: 'signaling' },
  { name: 'NLE_US', holds: G | U, nans: 'signaling' },
  { name: 'ORD_Q', holds: L | E | G, nans: 'quiet' },
  { name: 'EQ_UQ', holds: E | U, nans: 'quiet' },
  { name: 'NGE_US', holds: L | U, nans: 'signaling' },
  { name: 'NGT_US', holds: L | E | U, nans: 'signaling' },
  { name: 'FALSE_OQ', holds: 0, nans: 'quiet' },
  { name: 'NEQ_OQ', holds: L | G, nans: 'quiet' },
  { name: 'GE_OS', holds: G | E, nans: 'signaling' },
  { name: 'GT_OS', holds: G, nans: 'signaling' },
  { name: 'TRUE_UQ', holds: L | E | G | U, nans: 'quiet' },
] as const

/**
 * CMPPS and its kin: whether predicate imm8[4:0] holds. SSE has 0 to 7, VEX all; 16 to 31 are 0 to 15 with the other
 * half of them signaling.
 */
export function ssePredicate(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  predicate: number,
  context: SseContext,
): SsePredicateResult {
  const { holds, nans } = predicates[predicate & 15]!
  const isSignaling = (nans === 'signaling') !== ((predicate & 16) !== 0)
  const { relation, flags } = sseCompare(format, a, b, isSignaling ? 'signaling' : 'quiet', context)
  return { holds: (holds & relationBits[relation]) !== 0, flags }
}
