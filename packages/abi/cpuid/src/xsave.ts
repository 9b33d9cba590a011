import { type CpuidTable, findEntry } from './entry.ts'
import { type XsaveComponent, xsaveComponents } from './xsave-components.rows.ts'

/** Bytes of the legacy region and the XSAVE header, which every area begins with. Source: SDM 1 §13.4 XSAVE Area. */
export const xsaveHeaderEnd = 512 + 64

type Placed = Pick<XsaveComponent, 'bit' | 'size' | 'offset' | 'kind' | 'aligned'>

/**
 * Bytes of the standard-format area for the components in `mask`; supervisor components are not in it.
 *
 * Source: SDM 1 §13.4.3 Extended Region of an XSAVE Area.
 */
export function standardXsaveSize(mask: bigint, components: readonly Placed[] = xsaveComponents): number {
  const enables = extendedIn(mask)
  let end = xsaveHeaderEnd
  for (const { bit, kind, offset, size } of components) {
    if (kind === 'user' && enables(bit)) end = Math.max(end, offset + size)
  }
  return end
}

/** Bytes of the compacted area for the components in `mask`. Source: SDM 1 §13.4.3. */
export function compactedXsaveSize(mask: bigint, components: readonly Placed[] = xsaveComponents): number {
  const enables = extendedIn(mask)
  let end = xsaveHeaderEnd
  for (const { bit, aligned, size } of components) {
    if (enables(bit)) end = (aligned === 'aligned' ? Math.ceil(end / 64) * 64 : end) + size
  }
  return end
}

/** Which components beyond the legacy region a mask of XCR0 (or XCR0 | IA32_XSS) bits enables. */
function extendedIn(mask: bigint): (bit: number) => boolean {
  const [low, high] = [Number(BigInt.asUintN(32, mask)), Number(BigInt.asUintN(32, mask >> 32n))]
  return (bit) => bit >= 2 && (((bit < 32 ? low : high) >>> (bit & 31)) & 1) === 1
}

/** The components that a table's own sub-leaves of leaf 0DH describe, in the order of their bits. */
export function componentsOf(table: CpuidTable): readonly Placed[] {
  return Array.from({ length: 61 }, (_, i) => i + 2).flatMap((bit): readonly Placed[] => {
    const found = findEntry(table, 0x0d, bit)
    if (found === undefined || found.eax === 0) return []
    return [
      {
        bit,
        size: found.eax,
        offset: found.ebx,
        kind: (found.ecx & 1) !== 0 ? 'supervisor' : 'user',
        aligned: (found.ecx & 2) !== 0 ? 'aligned' : 'packed',
      },
    ]
  })
}
