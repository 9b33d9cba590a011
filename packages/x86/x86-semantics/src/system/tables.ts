import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { isCanonical } from '../integer/control.ts'
import type { Memory, Operand, Place } from '../operand.ts'
import { requireAligned } from '../reach.ts'
import { refuseUmip } from './control-registers.ts'
import {
  accessOf,
  baseOf,
  dplOf,
  entryAddress,
  isCode,
  isCodeOrData,
  isConforming,
  isNull,
  limitOf,
  present,
  rplOf,
  selectorCode,
  setNull,
  typeOf,
} from './descriptor.ts'
import { exitReason, mayExit } from './non-root.ts'
import { refuseUnless, requireCpl0, requireProtected } from './privilege.ts'

const inLong = (m: Machine): boolean => m.mode.execution === 'long'
const iaMode = (m: Machine): boolean => inLong(m) || m.mode.execution === 'compatibility'

const above = (m: Machine, at: Bits<64>, bytes: number): Bits<64> =>
  m.zeroExtend(m.truncate(m.add(at, m.constant(bytes, 64)), m.mode.addressSize), 64)

/** Limit in 16 bits, base in 24, 32 or 64 by operand size and mode. */
const loadTable = (mnemonic: 'LGDT' | 'LIDT', name: 'GDTR' | 'IDTR'): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', 'LGDT/LIDT—Load Global/Interrupt Descriptor Table Register'),
    (m: Machine, from: Memory<8>) => {
      requireCpl0(m)
      mayExit(m, exitReason.tableRegister)
      const at = m.address(from)
      const limit = m.load('operand', at, 16)
      const raw = inLong(m)
        ? m.load('operand', above(m, at, 2), 64)
        : m.zeroExtend(m.load('operand', above(m, at, 2), 32), 64)
      if (inLong(m)) refuseUnless(m, isCanonical(m, raw))
      const base = !inLong(m) && m.mode.operandSize === 16 ? m.and(raw, m.constant(0xff_ffff, 64)) : raw
      m.set(`${name}.limit`, m.zeroExtend(limit, 32))
      m.set(`${name}.base`, base)
    },
  )

/**
 * An aligned word, then the base, of which a doubleword's alignment is asked in every mode. Source: SDM 3A §3.5.1, and §6.15,
 * Table 6-7: contents of GDTR and IDTR.
 */
const storeTable = (mnemonic: 'SGDT' | 'SIDT', name: 'GDTR' | 'IDTR'): Instruction =>
  instruction(
    mnemonic,
    sdm('2B', '4.3', `${mnemonic}—Store Descriptor Table Register`),
    (m: Machine, to: Memory<8>) => {
      refuseUmip(m)
      mayExit(m, exitReason.tableRegister)
      const at = m.address(to)
      const bytes = inLong(m) ? 10 : 6
      // a base that lies on a doubleword has its limit on a word
      requireAligned(m, above(m, at, 2), 4, 'write')
      m.check('operand', at, bytes, 'write')
      m.store('operand', at, m.truncate(m.get(`${name}.limit`), 16))
      const base = m.get(`${name}.base`)
      for (let part = 0; part < bytes - 2; part += 4)
        m.store('operand', above(m, at, 2 + part), m.extract(base, part * 8, 32))
    },
  )

interface SystemDescriptor {
  readonly raw: Bits<64>
  readonly base: Bits<64>
  readonly address: Bits<64>
}

/** A system descriptor of the GDT: sixteen bytes in IA-32e mode. */
function readSystem(m: Machine, selector: Bits<16>, code: Bits<32>): SystemDescriptor {
  const address = entryAddress(m, selector, 'GP', code, iaMode(m) ? 16 : 8)
  const raw = m.loadLinear(address, 64, 'processor')
  if (!iaMode(m)) return { raw, address, base: baseOf(m, raw) }
  const high = m.loadLinear(m.add(address, m.constant(8, 64)), 64, 'processor')
  m.when(m.not(m.isZero(m.and(m.shiftRight(high, m.constant(40, 64)), m.constant(0x1f, 64)))), () =>
    m.fault('GP', code),
  )
  return { raw, address, base: m.or(baseOf(m, raw), m.shiftLeft(high, m.constant(32, 64))) }
}

/** The last thing that is asked. */
function checkBase(m: Machine, { base }: SystemDescriptor, code: Bits<32>): void {
  if (iaMode(m)) m.when(m.not(isCanonical(m, base)), () => m.fault('GP', code))
}

function setSystem(
  m: Machine,
  name: 'LDTR' | 'TR',
  selector: Bits<16>,
  { raw, base }: SystemDescriptor,
  busy: number,
): void {
  m.set(`${name}.selector`, selector)
  m.set(`${name}.base`, base)
  m.set(`${name}.limit`, limitOf(m, raw))
  m.set(`${name}.access`, m.or(accessOf(m, raw), m.constant(busy, 32)))
}

const lldt = instruction(
  'LLDT',
  sdm('2A', '3.3', 'LLDT—Load Local Descriptor Table Register'),
  (m: Machine, from: Operand<16>) => {
    if (!requireProtected(m)) return
    requireCpl0(m)
    mayExit(m, exitReason.segmentRegister)
    const selector = m.read(from)
    m.when(
      isNull(m, selector),
      () => setNull(m, 'LDTR', selector),
      () => {
        const code = selectorCode(m, selector)
        m.when(m.bit(selector, 2), () => m.fault('GP', code))
        const descriptor = readSystem(m, selector, code)
        m.when(m.not(m.equal(typeOf(m, descriptor.raw), m.constant(2, 8))), () => m.fault('GP', code))
        m.when(m.not(present(m, descriptor.raw)), () => m.fault('NP', code))
        checkBase(m, descriptor, code)
        setSystem(m, 'LDTR', selector, descriptor, 0)
      },
    )
  },
)

/** The TSS must be available and becomes busy. */
const ltr = instruction('LTR', sdm('2A', '3.3', 'LTR—Load Task Register'), (m: Machine, from: Operand<16>) => {
  if (!requireProtected(m)) return
  requireCpl0(m)
  mayExit(m, exitReason.segmentRegister)
  const selector = m.read(from)
  m.when(isNull(m, selector), () => m.fault('GP', m.constant(0, 32)))
  const code = selectorCode(m, selector)
  m.when(m.bit(selector, 2), () => m.fault('GP', code))
  const descriptor = readSystem(m, selector, code)
  const type = typeOf(m, descriptor.raw)
  const is32 = m.equal(type, m.constant(9, 8))
  const available = iaMode(m) ? is32 : m.or(is32, m.equal(type, m.constant(1, 8)))
  m.when(m.not(available), () => m.fault('GP', code))
  m.when(m.not(present(m, descriptor.raw)), () => m.fault('NP', code))
  checkBase(m, descriptor, code)
  const busy = m.or(m.extract(descriptor.raw, 40, 8), m.constant(2, 8))
  m.storeLinear(m.add(descriptor.address, m.constant(5, 64)), busy, 'processor')
  setSystem(m, 'TR', selector, descriptor, 2)
})

const storeSelector = (mnemonic: 'SLDT' | 'STR', name: 'LDTR' | 'TR'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', `${mnemonic}—Store Selector`), (m: Machine, to: Place<16 | 32 | 64>) => {
    if (!requireProtected(m)) return
    refuseUmip(m)
    mayExit(m, exitReason.segmentRegister)
    m.write(to, m.zeroExtend(m.get(`${name}.selector`), to.width))
  })

const setZero = (m: Machine, ZF: Bits<1>) => m.flags(equations({ ZF: () => ZF }))

/** The descriptor of a selector if it lies in its table, for instructions that only ask: ZF says no. */
function inspect(
  m: Machine,
  selector: Bits<16>,
  found: (raw: Bits<64>) => Bits<1>,
  keep?: (raw: Bits<64>) => void,
): void {
  const answer = m.variable(m.constant(0, 1))
  const local = m.bit(selector, 2)
  const unusable = m.and(local, m.bit(m.get('LDTR.access'), 16))
  const limit = m.select(local, m.get('LDTR.limit'), m.get('GDTR.limit'))
  const offset = m.and(m.zeroExtend(selector, 32), m.constant(0xfff8, 32))
  const inside = m.not(m.or(unusable, m.below(limit, m.add(offset, m.constant(7, 32)))))
  m.when(m.and(inside, m.not(isNull(m, selector))), () => {
    const base = m.select(local, m.get('LDTR.base'), m.get('GDTR.base'))
    const raw = m.loadLinear(m.add(base, m.zeroExtend(offset, 64)), 64, 'processor')
    answer.set(found(raw))
    if (keep !== undefined) m.when(answer.get(), () => keep(raw))
  })
  setZero(m, answer.get())
}

/** Whether the selector's level and CPL may see the descriptor; conforming code is for everybody. */
function visible(m: Machine, selector: Bits<16>, raw: Bits<64>): Bits<1> {
  const dpl = dplOf(m, raw)
  const level = m.and(m.not(m.below(dpl, m.get('CPL'))), m.not(m.below(dpl, rplOf(m, selector))))
  return m.or(m.and(isCode(m, raw), isConforming(m, raw)), level)
}

const verify = (mnemonic: 'VERR' | 'VERW'): Instruction =>
  instruction(
    mnemonic,
    sdm('2D', '6.1', 'VERR/VERW—Verify a Segment for Reading or Writing'),
    (m: Machine, from: Operand<16>) => {
      if (!requireProtected(m)) return
      const selector = m.read(from)
      inspect(m, selector, (raw) => {
        const readable = m.or(m.not(isCode(m, raw)), m.bit(raw, 41))
        const writable = m.and(m.not(isCode(m, raw)), m.bit(raw, 41))
        return m.and(m.and(isCodeOrData(m, raw), mnemonic === 'VERR' ? readable : writable), visible(m, selector, raw))
      })
    },
  )

/** Which system types LAR and LSL know: bit n for type n. IA-32e mode has no 16-bit ones. */
const knownTypes = { LAR: { legacy: 0x1a3e, long: 0x1a04 }, LSL: { legacy: 0x0a0e, long: 0x0a04 } } as const

const loadRights = (mnemonic: 'LAR' | 'LSL'): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Load Access Rights or Limit`),
    (m: Machine, to: Place<16 | 32 | 64>, from: Operand<16>) => {
      if (!requireProtected(m)) return
      const selector = m.truncate(m.read(from as Operand<16>), 16)
      const known = m.constant(knownTypes[mnemonic][iaMode(m) ? 'long' : 'legacy'], 32)
      inspect(
        m,
        selector,
        (raw) => {
          const type = m.zeroExtend(m.and(m.extract(raw, 40, 8), m.constant(15, 8)), 32)
          const system = m.bit(m.shiftRight(known, type), 0)
          return m.and(m.select(isCodeOrData(m, raw), m.constant(1, 1), system), visible(m, selector, raw))
        },
        (raw) => {
          const value = mnemonic === 'LSL' ? limitOf(m, raw) : m.and(m.extract(raw, 32, 32), m.constant(0xff_ff00, 32))
          m.write(to, m.zeroExtend(m.truncate(value, to.width === 16 ? 16 : 32), to.width))
        },
      )
    },
  )

const arpl = instruction(
  'ARPL',
  sdm('2A', '3.3', 'ARPL—Adjust RPL Field of Segment Selector'),
  (m: Machine, to: Place<16>, from: Operand<16>) => {
    if (!requireProtected(m)) return
    const [selector, other] = [m.read(to), m.read(from)]
    const three = m.constant(3, 16)
    const lower = m.below(m.and(selector, three), m.and(other, three))
    m.write(to, m.select(lower, m.or(m.and(selector, m.constant(0xfffc, 16)), m.and(other, three)), selector))
    setZero(m, lower)
  },
)

export const tableInstructions: readonly Instruction[] = [
  loadTable('LGDT', 'GDTR'),
  loadTable('LIDT', 'IDTR'),
  storeTable('SGDT', 'GDTR'),
  storeTable('SIDT', 'IDTR'),
  lldt,
  ltr,
  storeSelector('SLDT', 'LDTR'),
  storeSelector('STR', 'TR'),
  verify('VERR'),
  verify('VERW'),
  loadRights('LAR'),
  loadRights('LSL'),
  arpl,
]
