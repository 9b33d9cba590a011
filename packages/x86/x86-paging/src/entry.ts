import { cr4, efer } from '@vmm/x86-registers'
import type { Bits, Machine } from '@vmm/x86-semantics'
import { isFine, tableAt } from './guest-physical.ts'
import { bit, type Outcome } from './rights.ts'

const all64 = (1n << 64n) - 1n

/** The bits of a value that a constant has. */
export const mask = (m: Machine, value: Bits<64>, kept: bigint): Bits<64> => m.and(value, m.constant(kept & all64, 64))

/** An entry, and its guest-physical address. */
export interface Entry {
  readonly address: Bits<64>
  readonly value: Bits<64>
}

/** Accessed, and for stores dirty: an atomic change, so that what another processor did meanwhile is not lost. */
export function mark(m: Machine, outcome: Outcome, { address, value: entry }: Entry, write: Bits<1>, w: 32 | 64): void {
  const marks = m.select(write, m.constant(0x60, 64), m.constant(0x20, 64))
  const marked = m.or(entry, marks)
  m.when(m.not(m.equal(marked, entry)), () => {
    const place = tableAt(m, outcome, address, 'mark')
    m.when(isFine(m, outcome), () => {
      if (w === 64) m.compareAndSwapPhysical(place, entry, marked)
      else m.compareAndSwapPhysical(place, m.truncate(entry, 32), m.truncate(marked, 32))
    })
  })
}

/** Bits of an entry that must be zero: above MAXPHYADDR, NX without EFER.NXE, and by level. SDM 3A §4.5, Table 4-15 ff. */
export function reservedBits(m: Machine, entry: Bits<64>, shift: Bits<64>, large: Bits<1>): Bits<1> {
  const long = bit(m, m.get('IA32_EFER'), efer.LMA)
  const nx = m.select(bit(m, m.get('IA32_EFER'), efer.NXE), m.constant(0, 64), m.constant(1n << 63n, 64))
  const beyond = m.and(m.not(m.get('PHYSICAL_MASK')), m.constant(0x000f_ffff_ffff_f000n, 64))
  const ignored = m.select(long, m.constant(0, 64), m.constant(0x7ff0_0000_0000_0000n, 64))
  const inLarge = m.sub(m.shiftLeft(m.constant(1, 64), shift), m.constant(0x2000, 64))
  const pointer = m.and(m.not(long), m.equal(shift, m.constant(30, 64)))
  const ofPointer = m.select(pointer, m.constant(0x8000_0000_0000_01e6n, 64), m.constant(0, 64))
  const noPages = m.and(m.below(m.constant(30, 64), shift), m.bit(entry, 7))
  const forbiddenMask = m.or(
    m.or(nx, beyond),
    m.or(m.or(ignored, ofPointer), m.select(large, inLarge, m.constant(0, 64))),
  )
  return m.or(noPages, m.not(m.isZero(m.and(entry, forbiddenMask))))
}

/** An entry of a page that is dirty and cannot be written: a shadow stack, if the entries before it let write. SDM 3A §4.6. */
export const isShadowStack = (m: Machine, entry: Bits<64>): Bits<1> => m.and(m.not(m.bit(entry, 1)), m.bit(entry, 6))

/** Bits of `pageFact`: global pages count as such only while CR4.PGE is set. */
export function factsOf(m: Machine, entry: Bits<64>, large: Bits<1>): Bits<32> {
  const global = m.and(m.bit(entry, 8), bit(m, m.get('CR4'), cr4.PGE))
  return m.or(m.zeroExtend(global, 32), m.shiftLeft(m.zeroExtend(large, 32), m.constant(1, 32)))
}
