import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { readPair, writePair } from '../integer/miscellaneous.ts'
import { gpr, type Memory, type Operand, type Place, ymm } from '../operand.ts'
import { cetInUse, prepareRestoreCet, prepareSaveCet } from './cet-state.ts'
import { requireAvx, requireSse, requireXsave } from './fpu-availability.ts'
import { exitReason, mayExit, requireEnabled } from './non-root.ts'
import { refuseUnless, requireCpl0 } from './privilege.ts'
import {
  area,
  checkMxcsr,
  clearXmm,
  clearYmm,
  component,
  initX87,
  loadX87,
  loadXmm,
  loadYmm,
  PKRU_STANDARD,
  put,
  saveMxcsr,
  saveX87,
  saveXmm,
  saveYmm,
  take,
  YMM,
  ymmBytes,
} from './save-area.ts'

/** The area's linear address, on the boundary asked for, or #GP(0). */
function areaAt(m: Machine, memory: Memory<8>, alignment: number, bytes: number, access: 'read' | 'write'): Bits<64> {
  const offset = m.address(memory)
  const base = m.linear('operand', offset)
  refuseUnless(m, m.isZero(m.and(base, m.constant(alignment - 1, 64))))
  m.check('operand', offset, bytes, access)
  return base
}

/** Faults unless as many bytes can be reached at a distance from the area's first one. */
function checkAt(m: Machine, memory: Memory<8>, distance: number, bytes: number, access: 'read' | 'write'): void {
  const offset = m.truncate(m.add(m.address(memory), m.constant(distance, 64)), m.mode.addressSize)
  m.check('operand', m.zeroExtend(offset, 64), bytes, access)
}

const pkruBytes = 8

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

/** Upper halves of zeros are the initial state, in every mode those of all registers. */
const inUse = (m: Machine): Bits<64> => {
  const at = (truth: Bits<1>, index: number) => m.shiftLeft(m.zeroExtend(truth, 64), m.constant(index, 64))
  const upper = Array.from({ length: 16 }, (_, index) => m.vector.half(m.read(ymm(index)), 1))
  const all = upper.reduce((some, one) => m.or(some, one))
  const anything = m.or(m.vector.lane(64, all, 0), m.vector.lane(64, all, 1))
  const avx = at(m.not(m.isZero(anything)), component.avx)
  const pkru = at(m.not(m.isZero(m.get('PKRU'))), component.pkru)
  return m.or(m.constant(3, 64), m.or(avx, pkru))
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
    const withYmm = hasBit(m, wanted, component.avx)
    m.when(withYmm, () => checkAt(m, to, YMM, ymmBytes, 'write'))
    m.when(withPkru, () => checkAt(m, to, PKRU_STANDARD, pkruBytes, 'write'))
    m.when(hasBit(m, wanted, component.x87), () => saveX87(m, base))
    m.when(m.or(hasBit(m, requested, component.sse), hasBit(m, requested, component.avx)), () => saveMxcsr(m, base))
    m.when(hasBit(m, wanted, component.sse), () => saveXmm(m, base))
    m.when(withYmm, () => saveYmm(m, base))
    m.when(withPkru, () => put(m, base, PKRU_STANDARD, m.zeroExtend(m.get('PKRU'), 64)))
    const old = take(m, base, area.header, 64)
    put(m, base, area.header, m.or(m.and(old, m.not(requested)), m.and(requested, used)))
  })

/** In the compacted format PKRU lies behind YMM_Hi128 if that has a place there, else where it would be. */
function pkruCompacted(m: Machine, layout: Bits<64>): Bits<64> {
  return m.select(hasBit(m, layout, component.avx), m.constant(YMM + ymmBytes, 64), m.constant(YMM, 64))
}

/** XSAVEC and XSAVES write the compacted format. SDM 1 §13.10, §13.11. */
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
      const isOfAll = mnemonic === 'XSAVES'
      const wanted = m.and(requested, isOfAll ? m.or(inUse(m), cetInUse(m)) : inUse(m))
      const saveCet = isOfAll ? prepareSaveCet(m, to, { base, requested, wanted }) : () => {}
      const hasYmm = hasBit(m, requested, component.avx)
      m.when(hasBit(m, wanted, component.avx), () => checkAt(m, to, YMM, ymmBytes, 'write'))
      m.when(hasBit(m, wanted, component.pkru), () => {
        const check = (distance: number) => () => checkAt(m, to, distance, pkruBytes, 'write')
        m.when(hasYmm, check(YMM + ymmBytes), check(YMM))
      })
      m.when(hasBit(m, wanted, component.x87), () => saveX87(m, base))
      m.when(hasBit(m, wanted, component.sse), () => {
        saveMxcsr(m, base)
        saveXmm(m, base)
      })
      m.when(hasBit(m, wanted, component.avx), () => saveYmm(m, base))
      m.when(hasBit(m, wanted, component.pkru), () => {
        const place = m.add(base, pkruCompacted(m, requested))
        m.storeLinear(place, m.zeroExtend(m.get('PKRU'), 64), 'program')
      })
      saveCet()
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
  /** XCOMP_BV: which components have a place there. */
  readonly layout: Bits<64>
}

function restoreComponents(m: Machine, { from, base, requested, present, compacted, layout }: Restore): void {
  const mxcsr = take(m, base, area.MXCSR, 32)
  const sse = hasBit(m, requested, component.sse)
  const avx = hasBit(m, requested, component.avx)
  const loadsYmm = m.and(avx, hasBit(m, present, component.avx))
  // the standard format has MXCSR for either component
  const standardMxcsr = m.and(m.not(compacted), m.or(sse, avx))
  const compactedMxcsr = m.and(m.and(compacted, sse), hasBit(m, present, component.sse))
  const loadsMxcsr = m.or(standardMxcsr, compactedMxcsr)
  m.when(loadsMxcsr, () => checkMxcsr(m, mxcsr))
  const pkruOffset = m.select(compacted, pkruCompacted(m, layout), m.constant(PKRU_STANDARD, 64))
  m.when(loadsYmm, () => checkAt(m, from, YMM, ymmBytes, 'read'))
  const pkru = m.variable(m.constant(0, 32))
  m.when(m.and(hasBit(m, requested, component.pkru), hasBit(m, present, component.pkru)), () => {
    const check = (distance: number) => () => checkAt(m, from, distance, pkruBytes, 'read')
    const behind = () => m.when(hasBit(m, layout, component.avx), check(YMM + ymmBytes), check(YMM))
    m.when(compacted, behind, check(PKRU_STANDARD))
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
  m.when(
    loadsMxcsr,
    () => m.set('MXCSR', mxcsr),
    () => m.when(sse, () => m.set('MXCSR', m.constant(0x1f80, 32))),
  )
  m.when(sse, () =>
    m.when(
      hasBit(m, present, component.sse),
      () => loadXmm(m, base),
      () => clearXmm(m),
    ),
  )
  m.when(avx, () =>
    m.when(
      hasBit(m, present, component.avx),
      () => loadYmm(m, base),
      () => clearYmm(m),
    ),
  )
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
      const restoring = { from, base, requested, present, compacted, layout }
      const restoreCet = mnemonic === 'XRSTORS' ? prepareRestoreCet(m, restoring) : () => {}
      restoreComponents(m, restoring)
      restoreCet()
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

const ldmxcsr = (mnemonic: 'LDMXCSR' | 'VLDMXCSR'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', 'LDMXCSR—Load MXCSR Register'), (m: Machine, from: Operand<32>) => {
    if (mnemonic === 'LDMXCSR') requireSse(m)
    else if (!requireAvx(m)) return
    const value = m.read(from)
    checkMxcsr(m, value)
    m.set('MXCSR', value)
  })

const stmxcsr = (mnemonic: 'STMXCSR' | 'VSTMXCSR'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', 'STMXCSR—Store MXCSR Register State'), (m: Machine, to: Place<32>) => {
    if (mnemonic === 'STMXCSR') requireSse(m)
    else if (!requireAvx(m)) return
    m.write(to, m.get('MXCSR'))
  })

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
  ldmxcsr('LDMXCSR'),
  stmxcsr('STMXCSR'),
  ldmxcsr('VLDMXCSR'),
  stmxcsr('VSTMXCSR'),
]
