import type { Bits, Machine } from '../algebra.ts'

/** The last byte of a TSS in front of what its I/O map base points at. Source: SDM 3A §8.2.1, Figure 8-2. */
const lastByte = 103

/** Whether the TSS is of a kind that may have an I/O permission map: not one of 16 bits, and long enough to say where it is. */
export function hasPermissionMap(m: Machine): Bits<1> {
  const isShort = m.below(m.get('TR.limit'), m.constant(lastByte, 32))
  return m.and(m.bit(m.get('TR.access'), 3), m.not(isShort))
}
