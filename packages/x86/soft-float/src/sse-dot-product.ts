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
  let flags = 0
  const products = a.map((element, i) => {
    if (((imm8 >> (4 + i)) & 1) === 0) return 0n
    const product = sseMultiply(format, element, b[i]!, context)
    flags |= product.flags
    return product.value
  })
  flags = sseFlags(flags, context.masks)
  let sums = products
  while (sums.length > 1 && (flags & ~context.masks) === 0) {
    const pairs = sums.filter((_, i) => i % 2 === 0)
    sums = pairs.map((left, i) => {
      const sum = sseAdd(format, left, sums[2 * i + 1]!, context)
      flags |= sum.flags
      return sum.value
    })
  }
  return { value: sums[0]!, flags }
}
