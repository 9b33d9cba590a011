import type { BinaryFormat } from './binary-format.ts'
import type { SseContext } from './context.ts'
import { sseAdd, sseMultiply } from './sse-arithmetic.ts'
import { type SseResult, sseFlags } from './sse-result.ts'

/**
 * DPPS (four elements) and DPPD (two): the sum of the products of those elements that imm8[7:4] chooses. Every product
 * and sum is rounded; neighbours are added first. imm8[3:0], where the sum goes, is the caller's.
 * Source: SDM 2A, DPPS.
 */
export function sseDotProduct(
  format: BinaryFormat,
  a: readonly bigint[],
  b: readonly bigint[],
  imm8: number,
  context: SseContext,
): SseResult {
  let step = products(format, a, b, imm8, context)
  let flags = step.flags
  while (step.values.length > 1 && (flags & ~context.masks) === 0) {
    step = sumsOfNeighbours(format, step.values, context)
    flags |= step.flags
  }
  return { value: step.values[0]!, flags }
}

/** What the elements came to in one step, and the flags that the step raises. */
interface Step {
  readonly values: readonly bigint[]
  readonly flags: number
}

function products(
  format: BinaryFormat,
  a: readonly bigint[],
  b: readonly bigint[],
  imm8: number,
  context: SseContext,
): Step {
  const isChosen = (i: number) => ((imm8 >> (4 + i)) & 1) !== 0
  return stepOf(
    a.map((element, i) => (isChosen(i) ? sseMultiply(format, element, b[i]!, context) : { value: 0n, flags: 0 })),
    context,
  )
}

function sumsOfNeighbours(format: BinaryFormat, values: readonly bigint[], context: SseContext): Step {
  const lefts = values.filter((_, i) => i % 2 === 0)
  return stepOf(
    lefts.map((left, i) => sseAdd(format, left, values[2 * i + 1]!, context)),
    context,
  )
}

function stepOf(results: readonly SseResult[], context: SseContext): Step {
  const flags = results.reduce((all, result) => all | result.flags, 0)
  return { values: results.map(({ value }) => value), flags: sseFlags(flags, context.masks) }
}
