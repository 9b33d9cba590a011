import { definedMask } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { cr0, cr3, cr4, dr6Fixed, dr7Fixed, efer } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { isCanonical } from '../integer/control.ts'
import { gpr, type Operand, type Place, type RegisterOperand } from '../operand.ts'
import { exitReason, mayExit, requireEnabled } from './non-root.ts'
import { isPaePaging, loadPagePointers, type PagingControl } from './page-pointers.ts'
import { refuseUnless, requireCpl0 } from './privilege.ts'

const bit = (m: Machine, value: Bits<64>, at: { readonly low: number }): Bits<1> => m.bit(value, at.low)
const all64 = (1n << 64n) - 1n

/** MOV to and from control and debug registers. Source: SDM 2B, MOV—Move to/from Control Registers. */
export function moveControl(m: Machine, to: RegisterOperand<64>, from: RegisterOperand<64>): void {
  if (to.file === 'debug' || from.file === 'debug') return moveDebug(m, to, from)
  requireCpl0(m)
  if (to.file === 'control') return writeControl(m, to.index!, m.zeroExtend(m.read(from), 64))
  m.write(to, m.truncate(readControl(m, from.index!), to.width))
}

/** How a control register is accessed, in bits 5:4 of an exit qualification. Source: SDM 3C §28.2.1, Table 28-3. */
const controlAccess = { write: 0 << 4, read: 1 << 4, clts: 2 << 4, lmsw: 3 << 4 } as const

function readControl(m: Machine, index: number): Bits<64> {
  if (index === 3 || index === 8) mayExit(m, exitReason.controlRegister, m.constant(index | controlAccess.read, 64))
  if (index === 8) return m.host('taskPriority')[0]
  return index === 0 || index === 4 ? shownControl(m, index) : m.get(`CR${index as 2 | 3}`)
}

/** In non-root operation the bits that are the hypervisor's are read from the shadow; elsewhere there are none. Source: SDM 3C §26.3. */
function shownControl(m: Machine, index: 0 | 4): Bits<64> {
  const mask = m.get(`CR${index}_MASK`)
  return m.or(m.and(m.get(`CR${index}`), m.not(mask)), m.and(m.get(`CR${index}_SHADOW`), mask))
}

/** A new CR0 or CR4: it leaves for L1 where a bit of the hypervisor's would be other than its shadow, and else those bits stay. */
function takenControl(m: Machine, index: 0 | 4, value: Bits<64>): Bits<64> {
  const mask = m.get(`CR${index}_MASK`)
  const differs = m.not(m.isZero(m.and(m.xor(value, m.get(`CR${index}_SHADOW`)), mask)))
  m.when(differs, () => mayExit(m, exitReason.controlRegister, m.constant(index | controlAccess.write, 64)))
  return m.or(m.and(value, m.not(mask)), m.and(m.get(`CR${index}`), mask))
}

/** #GP(0) where a bit is clear that must be set. Source: SDM 3C §24.8. */
function requireFixed(m: Machine, index: 0 | 4, value: Bits<64>): void {
  refuseUnless(m, m.isZero(m.and(m.get(`CR${index}_REQUIRED`), m.not(value))))
}

function writeControl(m: Machine, index: number, value: Bits<64>): void {
  switch (index) {
    case 0:
      return writeCr0(m, takenControl(m, 0, value))
    case 2:
      m.set('CR2_KEPT', value)
      return m.set('CR2', value)
    case 3:
      mayExit(m, exitReason.controlRegister, m.constant(3 | controlAccess.write, 64))
      return writeCr3(m, value)
    case 4:
      return writeCr4(m, takenControl(m, 4, value))
    default:
      mayExit(m, exitReason.controlRegister, m.constant(8 | controlAccess.write, 64))
      refuseUnless(m, m.isZero(m.and(value, m.constant(all64 & ~15n, 64))))
      m.host('setTaskPriority', value)
  }
}

/** What makes PAE paging look at its uppermost entries again: CD, NW and PG; PSE, PAE, PGE and SMEP. SDM 3A §4.4.1. */
const reloading0 = maskOf(cr0.CD, cr0.NW, cr0.PG)
const reloading4 = maskOf(cr4.PSE, cr4.PAE, cr4.PGE, cr4.SMEP)

function maskOf(...fields: readonly { readonly low: number }[]): bigint {
  return fields.reduce((mask, { low }) => mask | (1n << BigInt(low)), 0n)
}

/** The uppermost entries of PAE paging are loaded, if any of these bits changed; for CR3 always. */
function reloadPointers(m: Machine, after: PagingControl, changed?: Bits<64>, bits = 0n): void {
  const relevant = changed === undefined ? m.constant(1, 1) : m.not(m.isZero(m.and(changed, m.constant(bits, 64))))
  m.when(m.and(relevant, isPaePaging(m, after)), () => loadPagePointers(m, after.cr3))
}

const known0 = definedMask(cr0)

/** CR0.ET is always one; bits that do not exist in the low half are dropped, in the high half refused. */
function writeCr0(m: Machine, value: Bits<64>): void {
  const old = m.get('CR0')
  refuseUnless(m, m.isZero(m.shiftRight(value, m.constant(32, 64))))
  const [pe, pg] = [bit(m, value, cr0.PE), bit(m, value, cr0.PG)]
  refuseUnless(m, m.or(pe, m.not(pg)))
  refuseUnless(m, m.or(m.not(bit(m, value, cr0.NW)), bit(m, value, cr0.CD)))
  requireFixed(m, 0, value)
  const efers = m.get('IA32_EFER')
  const enables = m.and(pg, m.not(bit(m, old, cr0.PG)))
  const disables = m.and(m.not(pg), bit(m, old, cr0.PG))
  const lme = bit(m, efers, efer.LME)
  // long mode needs PAE, a code segment that is not 64-bit yet and a TSS that is not of 16 bits; PCIDs need paging
  const unready = m.or(m.not(bit(m, m.get('CR4'), cr4.PAE)), m.bit(m.get('CS.access'), 13))
  const badEnable = m.and(m.and(enables, lme), m.or(unready, hasShortTask(m)))
  const badDisable = m.and(
    disables,
    m.or(bit(m, m.get('CR4'), cr4.PCIDE), m.and(bit(m, efers, efer.LMA), m.bit(m.get('CS.access'), 13))),
  )
  refuseUnless(m, m.not(m.or(badEnable, badDisable)))
  // CR0.WP cannot be cleared while CR4.CET is set
  refuseUnless(m, m.not(m.and(bit(m, m.get('CR4'), cr4.CET), m.not(bit(m, value, cr0.WP)))))
  const lma = m.shiftLeft(m.zeroExtend(m.and(pg, lme), 64), m.constant(efer.LMA.low, 64))
  const mode = m.or(m.and(efers, m.constant(all64 & ~(1n << BigInt(efer.LMA.low)), 64)), lma)
  reloadPointers(m, { cr0: value, cr3: m.get('CR3'), cr4: m.get('CR4'), efer: mode }, m.xor(old, value), reloading0)
  m.set('IA32_EFER', mode)
  m.set('CR0', m.or(m.and(value, m.constant(known0, 64)), m.constant(1n << BigInt(cr0.ET.low), 64)))
  const flushing = m.constant((1n << 31n) | (1n << 16n) | 1n, 64)
  m.when(m.not(m.isZero(m.and(m.xor(old, value), flushing))), () => m.host('flushTlb'))
}

/** TR holds a TSS of 16 bits: types 1 and 3. SDM 3A §10.8.5.3. */
function hasShortTask(m: Machine): Bits<1> {
  const type = m.and(m.get('TR.access'), m.constant(0x1_000d, 32))
  return m.equal(type, m.constant(1, 32))
}

/** Linear-address masking of user pointers: the bits are there where CR4.LAM_SUP is. */
const masking3 = maskOf(cr3.LAM_U57, cr3.LAM_U48)

/** Bit 63 asks for no flush and is not kept; it may be set only with CR4.PCIDE. */
function writeCr3(m: Machine, value: Bits<64>): void {
  const pcide = bit(m, m.get('CR4'), cr4.PCIDE)
  const noFlush = m.and(m.bit(value, 63), pcide)
  const kept = m.select(pcide, m.and(value, m.constant((1n << 63n) - 1n, 64)), value)
  const wide = bit(m, m.get('IA32_EFER'), efer.LMA)
  const hasMasking = bit(m, m.get('CR4_ALLOWED'), cr4.LAM_SUP)
  const allowed = m.or(m.get('PHYSICAL_MASK'), m.select(hasMasking, m.constant(masking3, 64), m.constant(0, 64)))
  const reserved = m.and(kept, m.not(allowed))
  refuseUnless(m, m.or(m.not(wide), m.isZero(reserved)))
  reloadPointers(m, { cr0: m.get('CR0'), cr3: kept, cr4: m.get('CR4'), efer: m.get('IA32_EFER') })
  m.set('CR3', m.select(wide, kept, m.and(kept, m.constant(0xffff_ffff, 64))))
  m.host('addressSpace', m.or(kept, m.shiftLeft(m.zeroExtend(noFlush, 64), m.constant(63, 64))))
}

/** Changes that make old translations wrong; with LAM_SUP they are kept by addresses with their metadata. */
const flushing4 = maskOf(...[cr4.PSE, cr4.PAE, cr4.PGE, cr4.LA57, cr4.PCIDE, cr4.SMEP, cr4.SMAP, cr4.PKE, cr4.LAM_SUP])

function writeCr4(m: Machine, value: Bits<64>): void {
  const old = m.get('CR4')
  refuseUnless(m, m.isZero(m.and(value, m.not(m.get('CR4_ALLOWED')))))
  requireFixed(m, 4, value)
  const lma = bit(m, m.get('IA32_EFER'), efer.LMA)
  const changed = m.xor(old, value)
  // long mode keeps PAE and, once on, the number of levels
  refuseUnless(m, m.not(m.and(lma, m.or(m.not(bit(m, value, cr4.PAE)), bit(m, changed, cr4.LA57)))))
  const setsPcide = m.and(bit(m, value, cr4.PCIDE), m.not(bit(m, old, cr4.PCIDE)))
  const pcidInUse = m.not(m.isZero(m.and(m.get('CR3'), m.constant(0xfff, 64))))
  refuseUnless(m, m.not(m.and(setsPcide, m.or(m.not(lma), pcidInUse))))
  refuseUnless(m, m.not(m.and(bit(m, value, cr4.CET), m.not(bit(m, m.get('CR0'), cr0.WP)))))
  const after = { cr0: m.get('CR0'), cr3: m.get('CR3'), cr4: value, efer: m.get('IA32_EFER') }
  reloadPointers(m, after, changed, reloading4)
  m.set('CR4', value)
  m.when(m.not(m.isZero(m.and(changed, m.constant(flushing4, 64)))), () => m.host('flushTlb'))
}

/** DR4 and DR5 are DR6 and DR7 unless CR4.DE; with DR7.GD any access is a debug exception. */
function moveDebug(m: Machine, to: RegisterOperand<64>, from: RegisterOperand<64>): void {
  const index = (to.file === 'debug' ? to.index : from.index)!
  // of all exits this one goes before what CPL and CR4.DE refuse. SDM 3C §26.1.3
  mayExit(m, exitReason.debugRegister, m.constant(index | (from.file === 'debug' ? 0x10 : 0), 64))
  if (index === 4 || index === 5) m.when(bit(m, m.get('CR4'), cr4.DE), () => m.fault('UD'))
  requireCpl0(m)
  const name = `DR${index === 4 || index === 5 ? index + 2 : index}` as 'DR0' | 'DR6' | 'DR7'
  m.when(m.bit(m.get('DR7'), 13), () => {
    m.set('DR6', m.or(m.get('DR6'), m.constant(1n << 13n, 64)))
    m.set('DR7', m.and(m.get('DR7'), m.constant(all64 & ~(1n << 13n), 64)))
    // what the handler is to see stays
    m.commit()
    m.fault('DB')
  })
  if (from.file === 'debug') return m.write(to, m.truncate(m.get(name), to.width))
  const value = m.zeroExtend(m.read(from), 64)
  if (name !== 'DR6' && name !== 'DR7') return m.set(name, value)
  refuseUnless(m, m.isZero(m.shiftRight(value, m.constant(32, 64))))
  if (name === 'DR6') m.set(name, m.or(m.and(value, m.constant(0xe00f, 64)), m.constant(dr6Fixed, 64)))
  else m.set(name, m.or(m.and(value, m.constant(0xffff_23ff, 64)), m.constant(dr7Fixed, 64)))
}

const clts = instruction('CLTS', sdm('2A', '3.3', 'CLTS—Clear Task-Switched Flag in CR0'), (m: Machine) => {
  requireCpl0(m)
  const mask = m.get('CR0_MASK')
  const isHeld = m.bit(m.and(mask, m.get('CR0_SHADOW')), cr0.TS.low)
  m.when(isHeld, () => mayExit(m, exitReason.controlRegister, m.constant(controlAccess.clts, 64)))
  const cleared = m.and(m.constant(1n << BigInt(cr0.TS.low), 64), m.not(mask))
  m.set('CR0', m.and(m.get('CR0'), m.not(cleared)))
})

/** LMSW changes PE, MP, EM and TS; it can set PE and not clear it. */
const lmsw = instruction('LMSW', sdm('2A', '3.3', 'LMSW—Load Machine Status Word'), (m: Machine, from: Operand<16>) => {
  requireCpl0(m)
  const old = m.get('CR0')
  const given = m.read(from)
  const fresh = m.and(m.zeroExtend(given, 64), m.constant(15, 64))
  const mask = m.get('CR0_MASK')
  mayExitForStatus(m, from, given, m.and(m.xor(fresh, m.get('CR0_SHADOW')), mask))
  const kept = m.and(old, m.constant(all64 & ~14n, 64))
  writeCr0(m, m.or(m.and(m.or(kept, fresh), m.not(mask)), m.and(old, mask)))
})

/** LMSW leaves for L1 where it would change MP, EM or TS, or set PE, of the hypervisor's. Source: SDM 3C §26.1.3, §28.2.1. */
function mayExitForStatus(m: Machine, from: Operand<16>, given: Bits<16>, differing: Bits<64>): void {
  const clearsPe = m.not(m.bit(given, 0))
  const counted = m.select(clearsPe, m.constant(14, 64), m.constant(15, 64))
  const known = controlAccess.lmsw | (from.kind === 'memory' ? 0x40 : 0)
  const source = m.shiftLeft(m.zeroExtend(given, 64), m.constant(16, 64))
  m.when(m.not(m.isZero(m.and(differing, counted))), () =>
    mayExit(m, exitReason.controlRegister, m.or(source, m.constant(known, 64))),
  )
}

/** UMIP keeps the tables' addresses and the status word for CPL 0. */
export function refuseUmip(m: Machine): void {
  if (m.mode.execution === 'real') return
  const umip = bit(m, m.get('CR4'), cr4.UMIP)
  m.when(m.and(umip, m.not(m.isZero(m.get('CPL')))), () => m.fault('GP', m.constant(0, 32)))
}

const smsw = instruction(
  'SMSW',
  sdm('2B', '4.3', 'SMSW—Store Machine Status Word'),
  (m: Machine, to: Place<16 | 32 | 64>) => {
    refuseUmip(m)
    m.write(to, m.truncate(shownControl(m, 0), to.width))
  },
)

const rdmsr = instruction('RDMSR', sdm('2B', '4.3', 'RDMSR—Read From Model Specific Register'), (m: Machine) => {
  requireCpl0(m)
  mayExit(m, exitReason.RDMSR)
  const [value] = m.host('readMsr', m.read(gpr('RCX', 32)))
  m.write(gpr('RAX', 32), m.truncate(value, 32))
  m.write(gpr('RDX', 32), m.extract(value, 32, 32))
})

const pair = (m: Machine): Bits<64> =>
  m.or(
    m.shiftLeft(m.zeroExtend(m.read(gpr('RDX', 32)), 64), m.constant(32, 64)),
    m.zeroExtend(m.read(gpr('RAX', 32)), 64),
  )

const wrmsr = instruction('WRMSR', sdm('2D', '6.1', 'WRMSR—Write to Model Specific Register'), (m: Machine) => {
  requireCpl0(m)
  mayExit(m, exitReason.WRMSR)
  m.host('writeMsr', m.read(gpr('RCX', 32)), pair(m))
})

const xsetbv = instruction('XSETBV', sdm('2D', '6.1', 'XSETBV—Set Extended Control Register'), (m: Machine) => {
  m.when(m.not(bit(m, m.get('CR4'), cr4.OSXSAVE)), () => m.fault('UD'))
  requireCpl0(m)
  mayExit(m, exitReason.XSETBV)
  m.host('writeXcr', m.read(gpr('RCX', 32)), pair(m))
})

const invlpg = instruction('INVLPG', sdm('2A', '3.3', 'INVLPG—Invalidate TLB Entries'), (m: Machine, memory: never) => {
  requireCpl0(m)
  const linear = m.linear('operand', m.address(memory))
  mayExit(m, exitReason.INVLPG, linear)
  m.host('flushPage', linear)
})

/** Type in the register, descriptor in memory: PCID in bits 11:0, linear address above. */
const invpcid = instruction(
  'INVPCID',
  sdm('2A', '3.3', 'INVPCID—Invalidate Process-Context Identifier'),
  (m: Machine, type: Operand<64>, descriptor: never) => {
    requireEnabled(m, exitReason.INVPCID)
    requireCpl0(m)
    mayExit(m, exitReason.INVPCID)
    const kind = m.zeroExtend(m.read(type), 64)
    const at = m.address(descriptor)
    const first = m.load('operand', at, 64)
    const linear = m.load('operand', m.add(at, m.constant(8, 64)), 64)
    refuseUnless(m, m.below(kind, m.constant(4, 64)))
    const pcid = m.and(first, m.constant(0xfff, 64))
    const individual = m.below(kind, m.constant(2, 64))
    refuseUnless(m, m.equal(first, pcid))
    refuseUnless(m, m.or(m.not(m.isZero(kind)), isCanonical(m, linear)))
    const pcide = bit(m, m.get('CR4'), cr4.PCIDE)
    refuseUnless(m, m.not(m.and(m.and(individual, m.not(pcide)), m.not(m.isZero(pcid)))))
    m.host('flushContext', m.truncate(pcid, 16), linear, m.truncate(kind, 8))
  },
)

const cache = (mnemonic: 'WBINVD' | 'INVD' | 'WBNOINVD'): Instruction =>
  instruction(mnemonic, sdm('2D', '6.1', `${mnemonic}—Write Back and Invalidate Cache`), (m: Machine) => {
    requireCpl0(m)
    mayExit(m, mnemonic === 'INVD' ? exitReason.INVD : exitReason.WBINVD)
  })

export const controlInstructions: readonly Instruction[] = [
  clts,
  lmsw,
  smsw,
  rdmsr,
  wrmsr,
  xsetbv,
  invlpg,
  invpcid,
  cache('WBINVD'),
  cache('INVD'),
  cache('WBNOINVD'),
]
