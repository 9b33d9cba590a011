import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { readPair, writePair } from '../integer/miscellaneous.ts'
import { gpr, type Memory, type Operand, type Place, xmm } from '../operand.ts'
import { physicalOf, settleIgnore, withSummary } from '../x87/stack.ts'
import { requireSse, requireXsave } from './fpu-availability.ts'
import { exitReason, mayExit, requireEnabled } from './non-root.ts'
import { refuseUnless, requireCpl0 } from './privilege.ts'

/** Offsets in the legacy area. Source: SDM 1 §10.5.1, Table 10-2. */
const area = {
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
const PKRU_STANDARD = 2688
const component = { x87: 0, sse: 1, pkru: 9 } as const

/** Bits of MXCSR that may be set. */
const mxcsrMask = 0xffff

const at = (m: Machine, base: Bits<64>, offset: number): Bits<64> => m.add(base, m.constant(offset, 64))

const put = <W extends 8 | 16 | 32 | 64>(m: Machine, base: Bits<64>, offset: number, value: Bits<W>): void =>
  m.storeLinear(at(m, base, offset), value, 'program')

const take = <W extends 8 | 16 | 32 | 64>(m: Machine, base: Bits<64>, offset: number, w: W): Bits<W> =>
  m.loadLinear(at(m, base, offset), w, 'program')

/** With REX.W the pointers are 64 bits wide, else 32 with their selectors. */
function saveX87(m: Machine, base: Bits<64>): void {
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
function loadX87(m: Machine, base: Bits<64>): void {
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

function saveXmm(m: Machine, base: Bits<64>): void {
  for (let index = 0; index < vectors(m); index += 1) {
    const value = m.read(xmm(index))
    put(m, base, area.XMM + index * 16, m.vector.lane(64, value, 0))
    put(m, base, area.XMM + index * 16 + 8, m.vector.lane(64, value, 1))
  }
}

const pair = (m: Machine, low: Bits<64>, high: Bits<64>): Bits<128> =>
  m.vector.withLane(64, m.vector.splat(64, low), 1, high)

function loadXmm(m: Machine, base: Bits<64>): void {
  for (let index = 0; index < vectors(m); index += 1) {
    const [low, high] = [take(m, base, area.XMM + index * 16, 64), take(m, base, area.XMM + index * 16 + 8, 64)]
    m.write(xmm(index), pair(m, low, high))
  }
}

function clearXmm(m: Machine): void {
  const zero = m.vector.splat(64, m.constant(0, 64))
  for (let index = 0; index < vectors(m); index += 1) m.write(xmm(index), zero)
}

function saveMxcsr(m: Machine, base: Bits<64>): void {
  put(m, base, area.MXCSR, m.get('MXCSR'))
  put(m, base, area.mask, m.constant(mxcsrMask, 32))
}

/** A reserved bit of MXCSR in memory is #GP(0). */
function checkMxcsr(m: Machine, value: Bits<32>): void {
  refuseUnless(m, m.isZero(m.and(value, m.constant(~mxcsrMask >>> 0, 32))))
}

/** The area's linear address, on the boundary asked for, or #GP(0). */
function areaAt(m: Machine, memory: Memory<8>, alignment: number, bytes: number, access: 'read' | 'write'): Bits<64> {
  const offset = m.address(memory)
  const base = m.linear('operand', offset)
  refuseUnless(m, m.isZero(m.and(base, m.constant(alignment - 1, 64))))
  m.check('operand', offset, bytes, access)
  return base
}

/** Faults unless PKRU can be reached at a distance from the area's first byte. */
function checkPkru(m: Machine, memory: Memory<8>, distance: number, access: 'read' | 'write'): void {
  const offset = m.truncate(m.add(m.address(memory), m.constant(distance, 64)), m.mode.addressSize)
  m.check('operand', m.zeroExtend(offset, 64), 8, access)
}

const fxsave = instruction(
  'FXSAVE',
  sdm('2A', '3.3', 'FXSAVE—Save x87 FPU, MMX Technology, and SSE State'),
  (m: Machine, to: Memory<8>) => {
    requireFx(m)
    const base = areaAt(m, to, 16, 512, 'write')
    saveX87(m, base)
    saveMxcsr(m, base)
    saveXmm(m, base)
  },
)

const fxrstor = instruction(
  'FXRSTOR',
  sdm('2A', '3.3', 'FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State'),
  (m: Machine, from: Memory<8>) => {
    requireFx(m)
    const base = areaAt(m, from, 16, 512, 'read')
    const mxcsr = take(m, base, area.MXCSR, 32)
    checkMxcsr(m, mxcsr)
    loadX87(m, base)
    m.set('MXCSR', mxcsr)
    loadXmm(m, base)
  },
)

function requireFx(m: Machine): void {
  const control = m.get('CR0')
  m.when(m.or(m.bit(control, 2), m.bit(control, 3)), () => m.fault('NM'))
}

const inUse = (m: Machine): Bits<64> => {
  const pkru = m.zeroExtend(m.not(m.isZero(m.get('PKRU'))), 64)
  return m.or(m.constant(3, 64), m.shiftLeft(pkru, m.constant(component.pkru, 64)))
}

const hasBit = (m: Machine, mask: Bits<64>, index: number): Bits<1> => m.bit(mask, index)

/** XSAVE and XSAVEOPT write the standard format. SDM 1 §13.7, §13.9. */
const saveStandard = (mnemonic: 'XSAVE' | 'XSAVEOPT'): Instruction =>
  instruction(mnemonic, sdm('2D', '6.1', `${mnemonic}—Save Processor Extended States`), (m: Machine, to: Memory<8>) => {
    requireXsave(m)
    const requested = m.and(m.get('XCR0'), readPair(m))
    const base = areaAt(m, to, 64, area.extended, 'write')
    const used = inUse(m)
    const wanted = mnemonic === 'XSAVE' ? requested : m.and(requested, used)
    const withPkru = hasBit(m, wanted, component.pkru)
    m.when(withPkru, () => checkPkru(m, to, PKRU_STANDARD, 'write'))
    m.when(hasBit(m, wanted, component.x87), () => saveX87(m, base))
    m.when(hasBit(m, requested, component.sse), () => saveMxcsr(m, base))
    m.when(hasBit(m, wanted, component.sse), () => saveXmm(m, base))
    m.when(withPkru, () => put(m, base, PKRU_STANDARD, m.zeroExtend(m.get('PKRU'), 64)))
    const old = take(m, base, area.header, 64)
    put(m, base, area.header, m.or(m.and(old, m.not(requested)), m.and(requested, used)))
  })

/** XSAVEC and XSAVES write the compacted format: PKRU comes right behind the header. SDM 1 §13.10, §13.11. */
const saveCompacted = (mnemonic: 'XSAVEC' | 'XSAVES'): Instruction =>
  instruction(
    mnemonic,
    sdm('2D', '6.1', `${mnemonic}—Save Processor Extended States With Compaction`),
    (m: Machine, to: Memory<8>) => {
      requireXsave(m)
      if (mnemonic === 'XSAVES') {
        requireEnabled(m, exitReason.XSAVES)
        requireCpl0(m)
        mayExit(m, exitReason.XSAVES)
      }
      const enabled = mnemonic === 'XSAVES' ? m.or(m.get('XCR0'), m.get('IA32_XSS')) : m.get('XCR0')
      const requested = m.and(enabled, readPair(m))
      const base = areaAt(m, to, 64, area.extended, 'write')
      const wanted = m.and(requested, inUse(m))
      m.when(hasBit(m, wanted, component.pkru), () => checkPkru(m, to, area.extended, 'write'))
      m.when(hasBit(m, wanted, component.x87), () => saveX87(m, base))
      m.when(hasBit(m, wanted, component.sse), () => {
        saveMxcsr(m, base)
        saveXmm(m, base)
      })
      m.when(hasBit(m, wanted, component.pkru), () => put(m, base, area.extended, m.zeroExtend(m.get('PKRU'), 64)))
      put(m, base, area.header, wanted)
      put(m, base, area.compacted, m.or(requested, m.constant(1n << 63n, 64)))
    },
  )

interface Restore {
  readonly from: Memory<8>
  readonly base: Bits<64>
  readonly requested: Bits<64>
  readonly present: Bits<64>
  readonly compacted: Bits<1>
}

function restoreComponents(m: Machine, { from, base, requested, present, compacted }: Restore): void {
  const mxcsr = take(m, base, area.MXCSR, 32)
  const sse = hasBit(m, requested, component.sse)
  const loadsMxcsr = m.and(sse, m.or(m.not(compacted), hasBit(m, present, component.sse)))
  m.when(loadsMxcsr, () => checkMxcsr(m, mxcsr))
  const pkruOffset = m.select(compacted, m.constant(area.extended, 64), m.constant(PKRU_STANDARD, 64))
  const pkru = m.variable(m.constant(0, 32))
  m.when(m.and(hasBit(m, requested, component.pkru), hasBit(m, present, component.pkru)), () => {
    const check = (distance: number) => () => checkPkru(m, from, distance, 'read')
    m.when(compacted, check(area.extended), check(PKRU_STANDARD))
    pkru.set(m.loadLinear(m.add(base, pkruOffset), 32, 'program'))
  })
  m.when(hasBit(m, requested, component.x87), () =>
    m.when(
      hasBit(m, present, component.x87),
      () => loadX87(m, base),
      () => {
        initX87(m)
        for (let index = 0; index < 8; index += 1) m.setX87(m.constant(index, 8), m.constant(0, 64), m.constant(0, 16))
      },
    ),
  )
  m.when(sse, () => {
    m.set('MXCSR', m.select(loadsMxcsr, mxcsr, m.constant(0x1f80, 32)))
    m.when(
      hasBit(m, present, component.sse),
      () => loadXmm(m, base),
      () => clearXmm(m),
    )
  })
  m.when(hasBit(m, requested, component.pkru), () => m.set('PKRU', pkru.get()))
}

/** XRSTOR takes both formats, XRSTORS the compacted one; the header must not ask for what is not enabled. SDM 1 §13.8, §13.12. */
const restore = (mnemonic: 'XRSTOR' | 'XRSTORS'): Instruction =>
  instruction(
    mnemonic,
    sdm('2D', '6.1', `${mnemonic}—Restore Processor Extended States`),
    (m: Machine, from: Memory<8>) => {
      requireXsave(m)
      if (mnemonic === 'XRSTORS') {
        requireEnabled(m, exitReason.XRSTORS)
        requireCpl0(m)
        mayExit(m, exitReason.XRSTORS)
      }
      const enabled = mnemonic === 'XRSTORS' ? m.or(m.get('XCR0'), m.get('IA32_XSS')) : m.get('XCR0')
      const requested = m.and(enabled, readPair(m))
      const base = areaAt(m, from, 64, area.extended, 'read')
      const [present, layout] = [take(m, base, area.header, 64), take(m, base, area.compacted, 64)]
      const compacted = m.bit(layout, 63)
      const kept = m.and(layout, m.constant((1n << 63n) - 1n, 64))
      if (mnemonic === 'XRSTORS') refuseUnless(m, compacted)
      refuseUnless(m, m.isZero(m.and(present, m.not(enabled))))
      refuseUnless(m, m.select(compacted, m.isZero(m.and(kept, m.not(enabled))), m.isZero(layout)))
      refuseUnless(m, m.or(m.not(compacted), m.isZero(m.and(present, m.not(kept)))))
      refuseUnless(m, m.isZero(take(m, base, area.header + 16, 64)))
      // what lies behind is looked at in the compacted format alone
      const rest = [24, 32, 40, 48, 56].map((offset) => take(m, base, area.header + offset, 64))
      refuseUnless(m, m.or(m.not(compacted), m.isZero(rest.reduce((all, part) => m.or(all, part)))))
      restoreComponents(m, { from, base, requested, present, compacted })
    },
  )

/** ECX of 1 tells what of XCR0 is in use. SDM 1 §13.2, §13.6. */
const xgetbv = instruction(
  'XGETBV',
  sdm('2D', '6.1', 'XGETBV—Get Value of Extended Control Register'),
  (m: Machine) => {
    m.when(m.not(m.bit(m.get('CR4'), 18)), () => m.fault('UD'))
    const index = m.read(gpr('RCX', 32))
    refuseUnless(m, m.below(index, m.constant(2, 32)))
    const enabled = m.get('XCR0')
    writePair(m, m.select(m.isZero(index), enabled, m.and(enabled, inUse(m))))
  },
)

const ldmxcsr = instruction(
  'LDMXCSR',
  sdm('2A', '3.3', 'LDMXCSR—Load MXCSR Register'),
  (m: Machine, from: Operand<32>) => {
    requireSse(m)
    const value = m.read(from)
    checkMxcsr(m, value)
    m.set('MXCSR', value)
  },
)

const stmxcsr = instruction(
  'STMXCSR',
  sdm('2B', '4.3', 'STMXCSR—Store MXCSR Register State'),
  (m: Machine, to: Place<32>) => {
    requireSse(m)
    m.write(to, m.get('MXCSR'))
  },
)

export const extendedState: readonly Instruction[] = [
  fxsave,
  fxrstor,
  saveStandard('XSAVE'),
  saveStandard('XSAVEOPT'),
  saveCompacted('XSAVEC'),
  saveCompacted('XSAVES'),
  restore('XRSTOR'),
  restore('XRSTORS'),
  xgetbv,
  ldmxcsr,
  stmxcsr,
]
