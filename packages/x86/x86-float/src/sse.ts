import {
  type BinaryFormat,
  binary32,
  binary64,
  roundingOf,
  type SseContext,
  type SseResult,
  sseAdd,
  sseCompare,
  sseContext,
  sseConvert,
  sseDivide,
  sseDotProduct,
  sseFlags,
  sseFromHalf,
  sseFromInteger,
  sseMax,
  sseMin,
  sseMultiply,
  ssePredicate,
  sseReciprocal,
  sseReciprocalSquareRoot,
  sseRoundToIntegral,
  sseSquareRoot,
  sseSubtract,
  sseToHalf,
  sseToInteger,
} from '@vmm/soft-float'
import { simdOperations } from '@vmm/x86-semantics'

/** What an operation came to: a 128-bit vector, and the MXCSR flags it raises. */
export interface SimdResult {
  readonly value: bigint
  readonly flags: number
}

/** An operation on two 128-bit vectors. */
type Operation = (a: bigint, b: bigint, immediate: number, context: SseContext) => SimdResult
/** The same on one lane of each. */
type Element = (format: BinaryFormat, a: bigint, b: bigint, context: SseContext) => SseResult

export const laneOf = (vector: bigint, width: number, index: number): bigint =>
  BigInt.asUintN(width, vector >> BigInt(width * index))

/** Results lane by lane, and all their flags. */
export function collect(results: readonly SseResult[], width: number, context: SseContext): SimdResult {
  const value = results.reduce(
    (all, result, index) => all | (BigInt.asUintN(width, result.value) << BigInt(width * index)),
    0n,
  )
  return {
    value,
    flags: sseFlags(
      results.reduce((all, { flags }) => all | flags, 0),
      context.masks,
    ),
  }
}

export const formatOf = (name: string): BinaryFormat => (/S$/.test(name) ? binary32 : binary64)
export const lanesOf = (name: string): number => (/S[SD]$/.test(name) ? 1 : formatOf(name) === binary32 ? 4 : 2)

/** An elementwise operation in the form its name says. */
const elementwise = (name: string, element: Element): Operation => {
  const [format, lanes] = [formatOf(name), lanesOf(name)]
  return (a, b, _immediate, context) => {
    const results = Array.from({ length: lanes }, (_, index) =>
      element(format, laneOf(a, format.width, index), laneOf(b, format.width, index), context),
    )
    return collect(results, format.width, context)
  }
}

const arithmetic: Readonly<Record<string, Element>> = {
  ADD: sseAdd,
  SUB: sseSubtract,
  MUL: sseMultiply,
  DIV: sseDivide,
  MIN: sseMin,
  MAX: sseMax,
  SQRT: (format, _a, b, context) => sseSquareRoot(format, b, context),
  RCP: (_format, _a, b) => ({ value: sseReciprocal(b), flags: 0 }),
  RSQRT: (_format, _a, b) => ({ value: sseReciprocalSquareRoot(b), flags: 0 }),
}

/** All ones where the predicate holds. */
const predicate = (name: string): Operation => {
  const format = formatOf(name)
  return (a, b, immediate, context) =>
    elementwise(name, (_format, x, y) => {
      const { holds, flags } = ssePredicate(format, x, y, immediate & 0x1f, context)
      return { value: holds ? -1n : 0n, flags }
    })(a, b, immediate, context)
}

/** Bits 1:0 of the immediate round unless bit 2 leaves it to MXCSR; bit 3 keeps PE quiet. */
const round =
  (name: string): Operation =>
  (a, b, immediate, context) => {
    const rounding = (immediate & 4) !== 0 ? context.rounding : roundingOf(immediate & 3)
    const precision = (immediate & 8) !== 0 ? 'suppress' : 'report'
    return elementwise(name, (format, _x, y) => sseRoundToIntegral(format, y, rounding, precision, context))(
      a,
      b,
      immediate,
      context,
    )
  }

/** Even lanes are subtracted, odd ones added. */
const addSub = (name: string): Operation => {
  const format = formatOf(name)
  return (a, b, _immediate, context) => {
    const results = Array.from({ length: lanesOf(name) }, (_, index) => {
      const [x, y] = [laneOf(a, format.width, index), laneOf(b, format.width, index)]
      return index % 2 === 0 ? sseSubtract(format, x, y, context) : sseAdd(format, x, y, context)
    })
    return collect(results, format.width, context)
  }
}

const dotProduct = (name: string): Operation => {
  const format = formatOf(name)
  const lanes = lanesOf(name)
  const all = (vector: bigint) => Array.from({ length: lanes }, (_, index) => laneOf(vector, format.width, index))
  return (a, b, immediate, context) => {
    const { value, flags } = sseDotProduct(format, all(a), all(b), immediate, context)
    const placed = Array.from({ length: lanes }, (_, index) => ({
      value: (immediate >> index) & 1 ? value : 0n,
      flags,
    }))
    return collect(placed, format.width, context)
  }
}

/** ZF PF CF in place, in the lowest byte. SDM 2A, COMISD, Operation. */
const relationFlags = { greater: 0n, less: 1n, equal: 0x40n, unordered: 0x45n } as const

const ordered = (name: string): Operation => {
  const format = formatOf(name)
  return (a, b, _immediate, context) => {
    const nans = name.startsWith('U') ? 'quiet' : 'signaling'
    const { relation, flags } = sseCompare(
      format,
      laneOf(a, format.width, 0),
      laneOf(b, format.width, 0),
      nans,
      context,
    )
    return { value: relationFlags[relation], flags }
  }
}

const toIntegers =
  (format: BinaryFormat, width: 32 | 64, lanes: number, truncates: boolean): Operation =>
  (_a, b, _immediate, context) => {
    const results = Array.from({ length: lanes }, (_, index) =>
      sseToInteger(format, laneOf(b, format.width, index), width, context, truncates ? 'zero' : context.rounding),
    )
    return collect(results, width, context)
  }

const fromIntegers =
  (format: BinaryFormat, width: 32 | 64, lanes: number): Operation =>
  (_a, b, _immediate, context) => {
    const results = Array.from({ length: lanes }, (_, index) =>
      sseFromInteger(format, BigInt.asIntN(width, laneOf(b, width, index)), context),
    )
    return collect(results, format.width, context)
  }

const between =
  (from: BinaryFormat, to: BinaryFormat, lanes: number): Operation =>
  (_a, b, _immediate, context) => {
    const results = Array.from({ length: lanes }, (_, index) =>
      sseConvert(from, to, laneOf(b, from.width, index), context),
    )
    return collect(results, to.width, context)
  }

/** Four of each; the immediate rounds what becomes shorter as it does for ROUND. */
const fromHalves: Operation = (_a, b, _immediate, context) =>
  collect(
    [0, 1, 2, 3].map((index) => sseFromHalf(laneOf(b, 16, index), context)),
    32,
    context,
  )

const toHalves: Operation = (_a, b, immediate, context) => {
  const rounding = (immediate & 4) !== 0 ? context.rounding : roundingOf(immediate & 3)
  return collect(
    [0, 1, 2, 3].map((index) => sseToHalf(laneOf(b, 32, index), rounding, context)),
    16,
    context,
  )
}

const conversions: Readonly<Record<string, Operation>> = {
  CVTDQ2PS: fromIntegers(binary32, 32, 4),
  CVTDQ2PD: fromIntegers(binary64, 32, 2),
  CVTPS2DQ: toIntegers(binary32, 32, 4, false),
  CVTTPS2DQ: toIntegers(binary32, 32, 4, true),
  CVTPD2DQ: toIntegers(binary64, 32, 2, false),
  CVTTPD2DQ: toIntegers(binary64, 32, 2, true),
  CVTPS2PD: between(binary32, binary64, 2),
  CVTPD2PS: between(binary64, binary32, 2),
  CVTSS2SD: between(binary32, binary64, 1),
  CVTSD2SS: between(binary64, binary32, 1),
  CVTPH2PS: fromHalves,
  CVTPS2PH: toHalves,
  CVTSI2SS32: fromIntegers(binary32, 32, 1),
  CVTSI2SS64: fromIntegers(binary32, 64, 1),
  CVTSI2SD32: fromIntegers(binary64, 32, 1),
  CVTSI2SD64: fromIntegers(binary64, 64, 1),
  CVTSS2SI32: toIntegers(binary32, 32, 1, false),
  CVTSS2SI64: toIntegers(binary32, 64, 1, false),
  CVTSD2SI32: toIntegers(binary64, 32, 1, false),
  CVTSD2SI64: toIntegers(binary64, 64, 1, false),
  CVTTSS2SI32: toIntegers(binary32, 32, 1, true),
  CVTTSS2SI64: toIntegers(binary32, 64, 1, true),
  CVTTSD2SI32: toIntegers(binary64, 32, 1, true),
  CVTTSD2SI64: toIntegers(binary64, 64, 1, true),
}

function operationNamed(name: string): Operation {
  const conversion = conversions[name]
  if (conversion !== undefined) return conversion
  if (name.startsWith('ADDSUB')) return addSub(name)
  if (name.startsWith('DP')) return dotProduct(name)
  if (name.includes('COMIS')) return ordered(name)
  if (name.startsWith('CMP')) return predicate(name)
  if (name.startsWith('ROUND')) return round(name)
  return elementwise(name, arithmetic[name.slice(0, -2)]!)
}

const operations: readonly Operation[] = simdOperations.map(operationNamed)

/**
 * Runs an operation by the number that `simd` host calls carry, on two 128-bit vectors under an MXCSR. Lanes that do
 * not take part come back as zero; unmasked exceptions are the caller's to raise.
 */
export function runSimd(number: number, a: bigint, b: bigint, mxcsr: number): SimdResult {
  const operation = operations[number & 0xff]
  if (operation === undefined) throw new RangeError(`no SIMD operation ${number}`)
  return operation(a, b, number >> 8, sseContext(mxcsr))
}
