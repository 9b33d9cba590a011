import type { Bits, Machine } from '../algebra.ts'
import {
  checkAccessed,
  type Descriptor,
  dplOf,
  isCode,
  isCodeOrData,
  isNull,
  present,
  readDescriptor,
  rplOf,
  selectorCode,
} from './descriptor.ts'

/** The stack of an inner level, from the TSS, its descriptor checked. */
export interface InnerStack {
  readonly selector: Bits<16>
  readonly pointer: Bits<32>
  readonly descriptor: Descriptor
}

/**
 * Reads SSn:ESPn of a 16- or 32-bit TSS. Faults are #TS of the TSS or of the stack's selector, #SS if it is not present.
 * `external` is the EXT bit. Source: SDM 3A §5.8.5.
 */
export function readInnerStack(m: Machine, level: Bits<8>, external: Bits<32>): InnerStack {
  const tsCode = selectorCode(m, m.get('TR.selector'), external)
  const is32 = m.bit(m.get('TR.access'), 3)
  const step = (bits: number, first: number) =>
    m.add(m.shiftLeft(m.zeroExtend(level, 32), m.constant(bits, 32)), m.constant(first, 32))
  const slot = m.select(is32, step(3, 4), step(2, 2))
  const last = m.select(is32, m.constant(5, 32), m.constant(3, 32))
  m.when(m.below(m.get('TR.limit'), m.add(slot, last)), () => m.fault('TS', tsCode))
  const at = m.add(m.get('TR.base'), m.zeroExtend(slot, 64))
  const [pointer, selector] = [m.variable(m.constant(0, 32)), m.variable(m.constant(0, 16))]
  m.when(
    is32,
    () => {
      pointer.set(m.loadLinear(at, 32, 'processor'))
      selector.set(m.loadLinear(m.add(at, m.constant(4, 64)), 16, 'processor'))
    },
    () => {
      pointer.set(m.zeroExtend(m.loadLinear(at, 16, 'processor'), 32))
      selector.set(m.loadLinear(m.add(at, m.constant(2, 64)), 16, 'processor'))
    },
  )
  const found = selector.get()
  return { selector: found, pointer: pointer.get(), descriptor: checkStack(m, found, level, external) }
}

function checkStack(m: Machine, selector: Bits<16>, level: Bits<8>, external: Bits<32>): Descriptor {
  m.when(isNull(m, selector), () => m.fault('TS', external))
  const code = selectorCode(m, selector, external)
  const descriptor = readDescriptor(m, selector, 'TS', code)
  const { raw } = descriptor
  const writable = m.and(m.and(isCodeOrData(m, raw), m.not(isCode(m, raw))), m.bit(raw, 41))
  const fits = m.and(m.equal(rplOf(m, selector), level), m.equal(dplOf(m, raw), level))
  m.when(m.not(m.and(writable, fits)), () => m.fault('TS', code))
  m.when(m.not(present(m, raw)), () => m.fault('SS', code))
  checkAccessed(m, descriptor)
  return descriptor
}

/** RSPn of a 64-bit TSS, or ISTn: `slot` is its offset. Not canonical is #SS. Source: SDM 3A §8.7, Figure 8-11. */
export function readLongStack(
  m: Machine,
  slot: Bits<32>,
  external: Bits<32>,
  isCanonical: (address: Bits<64>) => Bits<1>,
): Bits<64> {
  const tsCode = selectorCode(m, m.get('TR.selector'), external)
  m.when(m.below(m.get('TR.limit'), m.add(slot, m.constant(7, 32))), () => m.fault('TS', tsCode))
  const pointer = m.loadLinear(m.add(m.get('TR.base'), m.zeroExtend(slot, 64)), 64, 'processor')
  m.when(m.not(isCanonical(pointer)), () => m.fault('SS', external))
  return pointer
}
