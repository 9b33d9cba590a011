import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findSubleaf, wide } from '../kernel-lookup.ts'

/** XCR0 bits whose state a process must ask for: tile data. Source: XFEATURE_MASK_USER_DYNAMIC. */
const dynamic = 1n << 18n

/** The dynamic XCR0 bits that a new table asks for and the vCPU's XSAVE area has no room for yet. */
export function missingFeatures({ installed, stored, incoming, lookup, fpu }: SetCpuidCall): bigint {
  const main = findSubleaf(installed ? stored : incoming, 0xd, 0, lookup)
  return main === undefined ? 0n : wide(main.eax, main.edx) & dynamic & ~fpu
}
