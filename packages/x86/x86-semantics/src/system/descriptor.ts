import { accessRights, type DescriptorName, type ExceptionName, type SegmentName } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'

/** A selector without its RPL, as error codes carry it; EXT and IDT bits are added by whoever knows. */
export function selectorCode(m: Machine, selector: Bits<16>, external?: Bits<32>): Bits<32> {
  const code = m.and(m.zeroExtend(selector, 32), m.constant(0xfffc, 32))
  return external === undefined ? code : m.or(code, external)
}

export const isNull = (m: Machine, selector: Bits<16>): Bits<1> => m.isZero(m.and(selector, m.constant(0xfffc, 16)))

/** Linear address of the table entry that a selector names; past the table's limit it faults. `bytes` is 8 or 16. */
export function entryAddress(
  m: Machine,
  selector: Bits<16>,
  fault: ExceptionName,
  code: Bits<32>,
  bytes = 8,
): Bits<64> {
  const local = m.bit(selector, 2)
  const ldtUnusable = m.not(m.isZero(m.and(m.get('LDTR.access'), m.constant(accessRights.unusable, 32))))
  const limit = m.select(local, m.get('LDTR.limit'), m.get('GDTR.limit'))
  const offset = m.and(m.zeroExtend(selector, 32), m.constant(0xfff8, 32))
  const past = m.below(limit, m.add(offset, m.constant(bytes - 1, 32)))
  m.when(m.or(past, m.and(local, ldtUnusable)), () => m.fault(fault, code))
  return m.add(m.select(local, m.get('LDTR.base'), m.get('GDTR.base')), m.zeroExtend(offset, 64))
}

/** A descriptor as data: SDM 3A §3.4.5, Figure 3-8. */
export interface Descriptor {
  readonly raw: Bits<64>
  readonly address: Bits<64>
}

export function readDescriptor(m: Machine, selector: Bits<16>, fault: ExceptionName, code: Bits<32>): Descriptor {
  const address = entryAddress(m, selector, fault, code)
  return { address, raw: m.loadLinear(address, 64, 'processor') }
}

const part = <W extends 8 | 16 | 32>(m: Machine, raw: Bits<64>, low: number, w: W): Bits<W> => m.extract(raw, low, w)

/** Access rights in the form of VMX: byte 5, and the high nibble of byte 6 moved to bits 15:12. */
export function accessOf(m: Machine, raw: Bits<64>): Bits<32> {
  const low = m.and(part(m, raw, 40, 32), m.constant(0xff, 32))
  const high = m.and(part(m, raw, 40, 32), m.constant(0xf000, 32))
  return m.or(low, high)
}

export function baseOf(m: Machine, raw: Bits<64>): Bits<64> {
  const low = m.and(m.shiftRight(raw, m.constant(16, 64)), m.constant(0xff_ffff, 64))
  return m.or(low, m.shiftLeft(m.shiftRight(raw, m.constant(56, 64)), m.constant(24, 64)))
}

/** In bytes, granularity applied. */
export function limitOf(m: Machine, raw: Bits<64>): Bits<32> {
  const high = m.and(part(m, raw, 32, 32), m.constant(0xf_0000, 32))
  const limit = m.or(m.and(part(m, raw, 0, 32), m.constant(0xffff, 32)), high)
  const pages = m.or(m.shiftLeft(limit, m.constant(12, 32)), m.constant(0xfff, 32))
  return m.select(m.bit(raw, 55), pages, limit)
}

export const present = (m: Machine, raw: Bits<64>): Bits<1> => m.bit(raw, 47)
export const isCodeOrData = (m: Machine, raw: Bits<64>): Bits<1> => m.bit(raw, 44)
export const isCode = (m: Machine, raw: Bits<64>): Bits<1> => m.and(m.bit(raw, 44), m.bit(raw, 43))
export const isConforming = (m: Machine, raw: Bits<64>): Bits<1> => m.bit(raw, 42)
export const isLong = (m: Machine, raw: Bits<64>): Bits<1> => m.bit(raw, 53)
export const isBig = (m: Machine, raw: Bits<64>): Bits<1> => m.bit(raw, 54)
export const dplOf = (m: Machine, raw: Bits<64>): Bits<8> => m.and(part(m, raw, 45, 8), m.constant(3, 8))
export const typeOf = (m: Machine, raw: Bits<64>): Bits<8> => m.and(part(m, raw, 40, 8), m.constant(0x1f, 8))
export const rplOf = (m: Machine, selector: Bits<16>): Bits<8> => m.and(m.truncate(selector, 8), m.constant(3, 8))

/** Sets the accessed bit of a code or data descriptor in memory, if it is clear. */
export function markAccessed(m: Machine, { raw, address }: Descriptor): void {
  m.when(m.not(m.bit(raw, 40)), () => {
    const byte = m.or(m.extract(raw, 40, 8), m.constant(1, 8))
    m.storeLinear(m.add(address, m.constant(5, 64)), byte, 'processor')
  })
}

/** Faults now if the accessed bit will have to be written and cannot be. */
export function checkAccessed(m: Machine, { raw, address }: Descriptor): void {
  m.when(m.not(m.bit(raw, 40)), () => m.checkLinear(m.add(address, m.constant(5, 64)), 1, 'write', 'processor'))
}

/** Loads a segment register's hidden part from a descriptor, accessed. */
export function setSegment(m: Machine, name: SegmentName, selector: Bits<16>, raw: Bits<64>): void {
  m.set(`${name}.selector`, selector)
  m.set(`${name}.base`, baseOf(m, raw))
  m.set(`${name}.limit`, limitOf(m, raw))
  m.set(`${name}.access`, m.or(accessOf(m, raw), m.constant(1, 32)))
}

/** Loads LDTR or TR from a descriptor of eight bytes. */
export function setSystem(m: Machine, name: 'LDTR' | 'TR', selector: Bits<16>, raw: Bits<64>): void {
  m.set(`${name}.selector`, selector)
  m.set(`${name}.base`, baseOf(m, raw))
  m.set(`${name}.limit`, limitOf(m, raw))
  m.set(`${name}.access`, accessOf(m, raw))
}

/** A null selector: the segment cannot be used. */
export function setNull(m: Machine, name: DescriptorName, selector: Bits<16>): void {
  m.set(`${name}.selector`, selector)
  m.set(`${name}.base`, m.constant(0, 64))
  m.set(`${name}.limit`, m.constant(0, 32))
  m.set(`${name}.access`, m.constant(accessRights.unusable, 32))
}

/**
 * Real-address form: the base is sixteen times the selector; limit and rights stay. SDM 3B §21.1.1. In virtual-8086
 * mode they are the same for all six segments. SDM 3C §26.3.1.2.
 */
export function setRealSegment(m: Machine, name: SegmentName, selector: Bits<16>): void {
  m.set(`${name}.selector`, selector)
  m.set(`${name}.base`, m.shiftLeft(m.zeroExtend(selector, 64), m.constant(4, 64)))
  if (m.mode.execution !== 'virtual-8086') return
  m.set(`${name}.limit`, m.constant(0xffff, 32))
  m.set(`${name}.access`, m.constant(0xf3, 32))
}
