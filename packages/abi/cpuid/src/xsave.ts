import { type CpuidTable, findEntry } from './entry.ts'
import { type XsaveComponent, xsaveComponents } from './xsave-components.rows.ts'

/** Bytes of the legacy region and the XSAVE header, which every area begins with. Source: SDM 1 §13.4 XSAVE Area. */
export const xsaveHeaderEnd = 512 + 64

type Placed = Pick<XsaveComponent, 'bit' | 'size' | 'offset' | 'kind' | 'aligned'>

/** The components that a mask of XCR0 (or XCR0 | IA32_XSS) bits enables, without the legacy region. */
function extendedIn(mask: bigint, components: readonly Placed[]): readonly Placed[] {
  return components.filter(({ bit }) => bit >= 2 && ((mask >> BigInt(bit)) & 1n) === 1n)
}

/**
 * Bytes of the standard-format area for the components in `mask`; supervisor components are not in it.
 *
 * Source: SDM 1 §13.4.3 Extended Region of an XSAVE Area.
 */
export function standardXsaveSize(mask: bigint, components: readonly Placed[] = xsaveComponents): number {
  return extendedIn(mask, components)
    .filter(({ kind }) => kind === 'user')
    .reduce((end, { offset, size }) => Math.max(end, offset + size), xsaveHeaderEnd)
}

/** Bytes of the compacted area for the components in `mask`. Source: SDM 1 §13.4.3. */
export function compactedXsaveSize(mask: bigint, components: readonly Placed[] = xsaveComponents): number {
  return extendedIn(mask, components).reduce(
    (end, { size, aligned }) => (aligned === 'aligned' ? Math.ceil(end / 64) * 64 : end) + size,
    xsaveHeaderEnd,
  )
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
