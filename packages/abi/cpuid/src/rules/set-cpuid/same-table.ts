import type { CpuidTable } from '../../entry.ts'

/** What of an entry the kernel compares. */
export type Compared = 'with flags' | 'without flags'

/** Whether two tables are the same entry by entry: number, order, inputs and outputs. Padding is not looked at. */
export function sameTable(a: CpuidTable, b: CpuidTable, compared: Compared): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  return a.every((one, at) => {
    const other = b[at]
    return (
      other !== undefined &&
      one.function === other.function &&
      one.index === other.index &&
      (compared === 'without flags' || one.flags === other.flags) &&
      one.eax === other.eax &&
      one.ebx === other.ebx &&
      one.ecx === other.ecx &&
      one.edx === other.edx
    )
  })
}
