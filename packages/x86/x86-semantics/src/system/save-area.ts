import type { Bits, Machine } from '../algebra.ts'
import { xmm, ymm } from '../operand.ts'
import { physicalOf, settleIgnore, withSummary } from '../x87/stack.ts'
import { refuseUnless } from './privilege.ts'

/** Offsets in the legacy area. Source: SDM 1 §10.5.1, Table 10-2. */
export const area = {
  FCW: 0,
  FSW: 2,
  FTW: 4,
  FOP: 6,
  FIP: 8,
  FCS: 12,
  FDP: 16,
  FDS: 20,
  MXCSR: 24,
  mask: 28,
  ST: 32,
  XMM: 160,
  header: 512,
  compacted: 520,
  extended: 576,
} as const
/** YMM_Hi128 comes right behind the header in both formats; PKRU has this place in the standard one. Source: SDM 1 §13.4.3, §13.5. */
export const YMM = area.extended
export const ymmBytes = 256
export const PKRU_STANDARD = 2688
export const component = { x87: 0, sse: 1, avx: 2, pkru: 9 } as const

/** Bits of MXCSR that may be set. */
const mxcsrMask = 0xffff

const at = (m: Machine, base: Bits<64>, offset: number): Bits<64> => m.add(base, m.constant(offset, 64))

export const put = <W extends 8 | 16 | 32 | 64>(m: Machine, base: Bits<64>, offset: number, value: Bits<W>): void =>
  m.storeLinear(at(m, base, offset), value, 'program')

export const take = <W extends 8 | 16 | 32 | 64>(m: Machine, base: Bits<64>, offset: number, w: W): Bits<W> =>
  m.loadLinear(at(m, base, offset), w, 'program')

/** With REX.W the pointers are 64 bits wide, else 32 with their selectors. */
export function saveX87(m: Machine, base: Bits<64>): void {
  put(m, base, area.FCW, m.get('FCW'))
  put(m, base, area.FSW, m.get('FSW'))
  put(m, base, area.FTW, m.zeroExtend(m.get('FTW'), 16))
  put(m, base, area.FOP, m.get('FOP'))
  if (m.mode.operandSize === 64) {
    put(m, base, area.FIP, m.get('FIP'))
    put(m, base, area.FDP, m.get('FDP'))
  } else {
    put(m, base, area.FIP, m.truncate(m.get('FIP'), 32))
    put(m, base, area.FCS, m.zeroExtend(m.get('FCS'), 32))
    put(m, base, area.FDP, m.truncate(m.get('FDP'), 32))
    put(m, base, area.FDS, m.zeroExtend(m.get('FDS'), 32))
  }
  for (let index = 0; index < 8; index += 1) {
    const physical = physicalOf(m, index)
    put(m, base, area.ST + index * 16, m.x87Significand(physical))
    put(m, base, area.ST + index * 16 + 8, m.zeroExtend(m.x87SignExponent(physical), 64))
  }
}

/** The part of a load that may fault has happened: everything is checked before. */
export function loadX87(m: Machine, base: Bits<64>): void {
  m.set('FCW', m.or(m.and(take(m, base, area.FCW, 16), m.constant(0x1f7f, 16)), m.constant(0x40, 16)))
  m.set('FSW', withSummary(m, take(m, base, area.FSW, 16)))
  settleIgnore(m)
  m.set('FTW', take(m, base, area.FTW, 8))
  m.set('FOP', m.and(take(m, base, area.FOP, 16), m.constant(0x7ff, 16)))
  const width = m.mode.operandSize === 64 ? 64 : 32
  m.set('FIP', m.zeroExtend(take(m, base, area.FIP, width), 64))
  m.set('FDP', m.zeroExtend(take(m, base, area.FDP, width), 64))
  // selectors are deprecated and read as zero, as ZERO_FCS_FDS says. SDM 1 §8.1.8
  m.set('FCS', m.constant(0, 16))
  m.set('FDS', m.constant(0, 16))
  for (let index = 0; index < 8; index += 1) {
    m.setX87(physicalOf(m, index), take(m, base, area.ST + index * 16, 64), take(m, base, area.ST + index * 16 + 8, 16))
  }
}

/** x87 state after FNINIT, as a restore of an init component leaves it. SDM 1 §13.6. */
export function initX87(m: Machine): void {
  m.set('FCW', m.constant(0x37f, 16))
  m.set('FSW', m.constant(0, 16))
  settleIgnore(m)
  m.set('FTW', m.constant(0, 8))
  m.set('FOP', m.constant(0, 16))
  m.set('FCS', m.constant(0, 16))
  m.set('FDS', m.constant(0, 16))
  m.set('FIP', m.constant(0, 64))
  m.set('FDP', m.constant(0, 64))
}

const vectors = (m: Machine): number => (m.mode.codeSize === 64 ? 16 : 8)

export function saveXmm(m: Machine, base: Bits<64>): void {
  for (let index = 0; index < vectors(m); index += 1) {
    const value = m.read(xmm(index))
    put(m, base, area.XMM + index * 16, m.vector.lane(64, value, 0))
    put(m, base, area.XMM + index * 16 + 8, m.vector.lane(64, value, 1))
  }
}

const pair = (m: Machine, low: Bits<64>, high: Bits<64>): Bits<128> =>
  m.vector.withLane(64, m.vector.splat(64, low), 1, high)

export function loadXmm(m: Machine, base: Bits<64>): void {
  for (let index = 0; index < vectors(m); index += 1) {
    const [low, high] = [take(m, base, area.XMM + index * 16, 64), take(m, base, area.XMM + index * 16 + 8, 64)]
    m.write(xmm(index), pair(m, low, high))
  }
}

export function clearXmm(m: Machine): void {
  const zero = m.vector.splat(64, m.constant(0, 64))
  for (let index = 0; index < vectors(m); index += 1) m.write(xmm(index), zero)
}

/** YMM_Hi128: the upper halves. */
export function saveYmm(m: Machine, base: Bits<64>): void {
  for (let index = 0; index < vectors(m); index += 1) {
    const value = m.vector.half(m.read(ymm(index)), 1)
    put(m, base, YMM + index * 16, m.vector.lane(64, value, 0))
    put(m, base, YMM + index * 16 + 8, m.vector.lane(64, value, 1))
  }
}

/** Upper halves become what `of` says; the lower ones stay. */
function setYmm(m: Machine, of: (index: number) => Bits<128>): void {
  for (let index = 0; index < vectors(m); index += 1) m.write(ymm(index), m.vector.pair(m.read(xmm(index)), of(index)))
}

export function loadYmm(m: Machine, base: Bits<64>): void {
  setYmm(m, (index) => pair(m, take(m, base, YMM + index * 16, 64), take(m, base, YMM + index * 16 + 8, 64)))
}

export function clearYmm(m: Machine): void {
  setYmm(m, () => m.vector.splat(64, m.constant(0, 64)))
}

export function saveMxcsr(m: Machine, base: Bits<64>): void {
  put(m, base, area.MXCSR, m.get('MXCSR'))
  put(m, base, area.mask, m.constant(mxcsrMask, 32))
}

/** A reserved bit of MXCSR in memory is #GP(0). */
export function checkMxcsr(m: Machine, value: Bits<32>): void {
  refuseUnless(m, m.isZero(m.and(value, m.constant(~mxcsrMask >>> 0, 32))))
}
