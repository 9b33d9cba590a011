import { fusedOperations, simdOperations } from './simd-operations.rows.ts'

/** The number that stands for an operation with an immediate. */
export function simdNumber(name: string, immediate = 0): number {
  const index = (simdOperations as readonly string[]).indexOf(name)
  if (index < 0) throw new Error(`no SIMD operation ${name}`)
  return index | (immediate << 8)
}

/** The number that stands for a fused operation. */
export function fusedNumber(name: string): number {
  const index = (fusedOperations as readonly string[]).indexOf(name)
  if (index < 0) throw new Error(`no fused operation ${name}`)
  return index
}
