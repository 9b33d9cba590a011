import { cr0, cr4, efer } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import { refuseUnless } from './privilege.ts'
import { secondLevel, secondLevelAccess } from './second-level.ts'

const fields = ['PDPTE0', 'PDPTE1', 'PDPTE2', 'PDPTE3'] as const
/** Bits 2:1, 8:5 and 63 of a present entry must be zero. Source: SDM 3A §4.4.1, Table 4-8. */
const reserved = 0x8000_0000_0000_01e6n

/** Control registers as they are about to be. */
export interface PagingControl {
  readonly cr0: Bits<64>
  readonly cr3: Bits<64>
  readonly cr4: Bits<64>
  readonly efer: Bits<64>
}

/** Whether PAE paging will be on, with entries that the processor keeps. */
export function isPaePaging(m: Machine, { cr0: control, cr4: more, efer: mode }: PagingControl): Bits<1> {
  const pages = m.and(m.bit(control, cr0.PG.low), m.bit(more, cr4.PAE.low))
  return m.and(pages, m.not(m.bit(mode, efer.LMA.low)))
}

/** Loads the four uppermost entries of PAE paging; #GP(0) if a present one has a reserved bit, and then none is loaded. */
export function loadPagePointers(m: Machine, cr3: Bits<64>): void {
  const table = m.and(cr3, m.constant(0xffff_ffe0, 64))
  // the four lie in one page, whose translation is asked for once
  const [refused, physical] = m.call(
    secondLevel,
    table,
    m.constant(secondLevelAccess.read | secondLevelAccess.table, 8),
  )
  m.when(m.not(m.isZero(refused)), () => void m.host('secondLevelFault', refused))
  const entries = fields.map((_, index) => m.loadPhysical(m.add(physical, m.constant(index * 8, 64)), 64))
  const forbidden = m.or(m.not(m.get('PHYSICAL_MASK')), m.constant(reserved, 64))
  for (const entry of entries) {
    const bad = m.and(m.bit(entry, 0), m.not(m.isZero(m.and(entry, forbidden))))
    refuseUnless(m, m.not(bad))
  }
  for (const [index, name] of fields.entries()) m.set(name, entries[index]!)
}
