import type { Bits, Machine } from './algebra.ts'
import { flagBit } from './system/privilege.ts'

const alignmentMask = 18

/** What an instruction is about to access, and the alignment in bytes that is asked of it. */
interface Reach {
  readonly bytes: number
  readonly alignment: 2 | 4 | 8
  readonly access: 'read' | 'write'
}

/**
 * Makes sure that all of an operand in memory can be reached, before anything changes: its alignment for those who want that
 * checked, then its pages. Alignments are 8 bytes for operands of 80 bits and for masked moves, and the size of a word for
 * environments. SDM 3A §6.15, Table 6-7.
 */
export function requireReach(m: Machine, offset: Bits<64>, { bytes, alignment, access }: Reach): void {
  requireAligned(m, offset, alignment, access)
  m.check('operand', offset, bytes, access)
}

/** #AC(0) at CPL 3 with CR0.AM and RFLAGS.AC, unless what begins here is aligned to as many bytes. */
export function requireAligned(m: Machine, offset: Bits<64>, alignment: 2 | 4 | 8, access: 'read' | 'write'): void {
  if (m.mode.execution === 'real') return
  const isAskew = m.not(m.isZero(m.and(m.linear('operand', offset), m.constant(alignment - 1, 64))))
  m.when(isAskew, () => {
    const isProgram = m.equal(m.get('CPL'), m.constant(3, 8))
    const isArmed = m.and(m.bit(m.get('CR0'), alignmentMask), m.bit(m.get('RFLAGS'), flagBit.AC))
    m.when(m.and(isProgram, isArmed), () => {
      // never happens, but finds the faults that come before: of segments, and of addresses that do not exist
      const width = (alignment * 8) as 16 | 32 | 64
      if (access === 'read') m.load('operand', offset, width)
      else m.store('operand', offset, m.constant(0, width))
      m.fault('AC', m.constant(0, 32))
    })
  })
}
