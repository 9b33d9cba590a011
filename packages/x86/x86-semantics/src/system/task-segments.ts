import type { SegmentName } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import {
  checkAccessed,
  type Descriptor,
  dplOf,
  isCode,
  isCodeOrData,
  isConforming,
  isNull,
  markAccessed,
  present,
  readDescriptor,
  rplOf,
  selectorCode,
  setNull,
  setSegment,
  setSystem,
  typeOf,
} from './descriptor.ts'

type Selectors = Readonly<Record<SegmentName, Bits<16>>>

const names = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const

/** The new task's selectors are in place, and no segment can be used yet. */
export function setSelectors(m: Machine, selectors: Selectors): void {
  for (const name of names) setNull(m, name, selectors[name])
}

/** A task of virtual-8086 mode: its segments are what their selectors say. */
export function loadVirtualSegments(m: Machine, selectors: Selectors): void {
  for (const name of names) {
    m.set(`${name}.base`, m.shiftLeft(m.zeroExtend(selectors[name], 64), m.constant(4, 64)))
    m.set(`${name}.limit`, m.constant(0xffff, 32))
    m.set(`${name}.access`, m.constant(0xf3, 32))
  }
}

/** The new task's LDT: null, or a present one of the GDT. Faults are #TS of its selector. */
export function loadTaskLdt(m: Machine, selector: Bits<16>, external: Bits<32>): void {
  setNull(m, 'LDTR', selector)
  m.commit()
  m.when(m.not(isNull(m, selector)), () => {
    const code = selectorCode(m, selector, external)
    m.when(m.bit(selector, 2), () => m.fault('TS', code))
    const { raw } = readDescriptor(m, selector, 'TS', code)
    m.when(m.not(m.and(m.equal(typeOf(m, raw), m.constant(2, 8)), present(m, raw))), () => m.fault('TS', code))
    setSystem(m, 'LDTR', selector, raw)
    m.commit()
  })
}

/**
 * Loads the segments of a task of protected mode, in the order of the manual's table. Faults belong to the new task.
 * Source: SDM 3A §8.3, Table 8-1.
 */
export function loadTaskSegments(m: Machine, selectors: Selectors, external: Bits<32>): void {
  const code = codeSegment(m, selectors.CS, external)
  const stack = stackSegment(m, selectors.SS, rplOf(m, selectors.CS), external)
  m.when(m.not(present(m, code.raw)), () => m.fault('NP', selectorCode(m, selectors.CS, external)))
  take(m, 'CS', selectors.CS, code)
  take(m, 'SS', selectors.SS, stack)
  for (const name of ['ES', 'DS', 'FS', 'GS'] as const) loadData(m, name, selectors[name], external)
}

/** What has been loaded stays if a later one faults. */
function take(m: Machine, name: SegmentName, selector: Bits<16>, descriptor: Descriptor): void {
  checkAccessed(m, descriptor)
  markAccessed(m, descriptor)
  setSegment(m, name, selector, descriptor.raw)
  m.commit()
}

/** The RPL of CS is the level at which the task runs: it must fit the segment. */
function codeSegment(m: Machine, selector: Bits<16>, external: Bits<32>): Descriptor {
  const code = selectorCode(m, selector, external)
  m.when(isNull(m, selector), () => m.fault('TS', code))
  const descriptor = readDescriptor(m, selector, 'TS', code)
  const { raw } = descriptor
  const [rpl, dpl] = [rplOf(m, selector), dplOf(m, raw)]
  const fits = m.select(isConforming(m, raw), m.not(m.below(rpl, dpl)), m.equal(rpl, dpl))
  m.when(m.not(m.and(isCode(m, raw), fits)), () => m.fault('TS', code))
  return descriptor
}

function stackSegment(m: Machine, selector: Bits<16>, level: Bits<8>, external: Bits<32>): Descriptor {
  const code = selectorCode(m, selector, external)
  m.when(isNull(m, selector), () => m.fault('TS', code))
  const descriptor = readDescriptor(m, selector, 'TS', code)
  const { raw } = descriptor
  const writable = m.and(m.and(isCodeOrData(m, raw), m.not(isCode(m, raw))), m.bit(raw, 41))
  m.when(m.not(writable), () => m.fault('TS', code))
  m.when(m.not(present(m, raw)), () => m.fault('SS', code))
  const levels = m.and(m.equal(dplOf(m, raw), level), m.equal(rplOf(m, selector), level))
  m.when(m.not(levels), () => m.fault('TS', code))
  return descriptor
}

function loadData(m: Machine, name: SegmentName, selector: Bits<16>, external: Bits<32>): void {
  m.when(m.not(isNull(m, selector)), () => {
    const code = selectorCode(m, selector, external)
    const descriptor = readDescriptor(m, selector, 'TS', code)
    const { raw } = descriptor
    const readable = m.and(isCodeOrData(m, raw), m.or(m.not(isCode(m, raw)), m.bit(raw, 41)))
    m.when(m.not(readable), () => m.fault('TS', code))
    m.when(m.not(present(m, raw)), () => m.fault('NP', code))
    const dpl = dplOf(m, raw)
    const level = m.and(m.not(m.below(dpl, m.get('CPL'))), m.not(m.below(dpl, rplOf(m, selector))))
    m.when(m.not(m.or(m.and(isCode(m, raw), isConforming(m, raw)), level)), () => m.fault('TS', code))
    take(m, name, selector, descriptor)
  })
}
