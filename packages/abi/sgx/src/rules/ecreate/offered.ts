import type { CpuidEntry } from '@vmm/cpuid'
import type { EnclaveAsked } from '../../encls-case.ts'

/** ATTRIBUTES.MODE64BIT. */
const mode64 = 1n << 2n

const pair = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)

/** Whether an enclave is asked for with a bit that leaf 12H does not offer. */
export function isBeyond(
  { miscSelect, attributes, xfrm }: EnclaveAsked,
  there: CpuidEntry | undefined,
  offered: CpuidEntry | undefined,
): boolean {
  if (there === undefined || offered === undefined) return true
  return (
    (miscSelect & ~there.ebx) !== 0 ||
    (attributes & ~pair(offered.eax, offered.ebx)) !== 0n ||
    (xfrm & ~pair(offered.ecx, offered.edx)) !== 0n
  )
}

/** The binary logarithm of the size that an enclave stays below: by its mode, 8 bits of leaf 12H.0:EDX. */
export function mostBits({ attributes }: EnclaveAsked, there: CpuidEntry | undefined): number {
  return ((there?.edx ?? 0) >>> ((attributes & mode64) === 0n ? 0 : 8)) & 0xff
}
