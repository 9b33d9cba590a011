import { cr3, cr4 } from '@vmm/x86-registers'
import type { PagingRegisters } from './translate.ts'

const has = (value: bigint, { low }: { readonly low: number }): boolean => ((value >> BigInt(low)) & 1n) === 1n
const sign = 1n << 63n

/** How many bits of an address LAM leaves alone, below what it masks: bit 63 says whose half the address is in. */
function widthOf(linear: bigint, { CR3, CR4 }: Pick<PagingRegisters, 'CR3' | 'CR4'>): 48 | 57 | 64 {
  if ((linear & sign) !== 0n) {
    if (!has(CR4, cr4.LAM_SUP)) return 64
    return has(CR4, cr4.LA57) ? 57 : 48
  }
  if (has(CR3, cr3.LAM_U57)) return 57
  return has(CR3, cr3.LAM_U48) ? 48 : 64
}

/**
 * The linear address of a data access of a program, as linear-address masking leaves it: metadata becomes copies of the highest bit
 * below it, and bit 63 stays. What it gives may still not be canonical. Source: SDM 3A §4 Linear-Address Masking; arch/x86/kvm/vmx/vmx.c vmx_get_untagged_addr.
 */
export function maskedLinear(linear: bigint, registers: Pick<PagingRegisters, 'CR3' | 'CR4'>): bigint {
  const width = widthOf(linear, registers)
  if (width === 64) return linear
  return (BigInt.asUintN(64, BigInt.asIntN(width, linear)) & ~sign) | (linear & sign)
}
