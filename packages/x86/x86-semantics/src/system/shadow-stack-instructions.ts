import { sdm } from '@vmm/source'
import { cet, cr4 } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Memory, Operand, Place } from '../operand.ts'
import { controlsOf, endTracking, hasShadowStack, isUser, violate } from './control-flow.ts'
import { refuseUnless, requireCpl0 } from './privilege.ts'
import { busy, loadShadow, reachShadow, storeShadow, swapToken } from './shadow-stack.ts'

const page = (mnemonic: string, title: string) =>
  sdm(mnemonic < 'M' ? '2A' : '2B', mnemonic < 'M' ? '3.3' : '4.3', title)

const isLong = (m: Machine): boolean => m.mode.codeSize === 64
const constant = (m: Machine, value: number): Bits<64> => m.constant(value, 64)
const low = (m: Machine, value: Bits<64>, bits: number): Bits<64> => m.and(value, constant(m, bits))
const without = (m: Machine, value: Bits<64>, bits: number): Bits<64> => m.and(value, m.not(constant(m, bits)))
const upper = (m: Machine, value: Bits<64>): Bits<64> => m.shiftRight(value, constant(m, 32))

/** #UD unless shadow stacks are on at this level; false where they cannot be. */
function requireShadowStack(m: Machine, level?: Bits<8>): boolean {
  if (m.mode.cet === true) m.when(m.not(hasShadowStack(m, level)), () => m.fault('UD'))
  else m.fault('UD')
  return m.mode.cet === true
}

/** The linear address of a memory operand, on its boundary, or #GP(0). */
function placeOf(m: Machine, memory: Memory<32 | 64>): Bits<64> {
  const offset = m.address(memory)
  const linear = m.linear('operand', offset)
  refuseUnless(m, m.isZero(low(m, linear, memory.width / 8 - 1)))
  return linear
}

const incssp = (mnemonic: 'INCSSPD' | 'INCSSPQ', bytes: 4 | 8): Instruction =>
  instruction(
    mnemonic,
    page('I', 'INCSSPD/INCSSPQ—Increment Shadow Stack Pointer'),
    (m: Machine, by: Operand<32 | 64>) => {
      if (!requireShadowStack(m)) return
      const [ssp, user] = [m.get('SSP'), isUser(m)]
      const count = m.and(m.zeroExtend(m.read(by), 64), constant(m, 0xff))
      const last = m.select(m.isZero(count), constant(m, 0), m.sub(count, constant(m, 1)))
      const width = bytes === 8 ? 64 : 32
      // the first and the last of them must be there
      loadShadow(m, ssp, width, user)
      loadShadow(m, m.add(ssp, m.mul(last, constant(m, bytes))), width, user)
      m.set('SSP', m.add(ssp, m.mul(count, constant(m, bytes))))
    },
  )

const rdssp = (mnemonic: 'RDSSPD' | 'RDSSPQ'): Instruction =>
  instruction(mnemonic, page('R', 'RDSSPD/RDSSPQ—Read Shadow Stack Pointer'), (m: Machine, to: Place<32 | 64>) => {
    if (m.mode.cet !== true) return
    m.when(hasShadowStack(m), () => m.write(to, m.truncate(m.get('SSP'), to.width)))
  })

/** The token that RSTORSSP has left on this shadow stack goes, and one to come back by onto the one before. */
const saveprevssp = instruction(
  'SAVEPREVSSP',
  page('S', 'SAVEPREVSSP—Save Previous Shadow Stack Pointer'),
  (m: Machine) => {
    if (!requireShadowStack(m)) return
    const [ssp, user] = [m.get('SSP'), isUser(m)]
    refuseUnless(m, m.isZero(low(m, ssp, 7)))
    const token = loadShadow(m, ssp, 64, user)
    const hole = m.flag('CF')
    if (isLong(m)) refuseUnless(m, m.not(hole))
    else m.when(hole, () => refuseUnless(m, m.isZero(loadShadow(m, m.add(ssp, constant(m, 8)), 32, user))))
    refuseUnless(m, m.bit(token, 1))
    if (!isLong(m)) refuseUnless(m, m.isZero(upper(m, token)))
    const before = without(m, token, 3)
    const aligned = without(m, before, 7)
    reachShadow(m, m.sub(before, constant(m, 4)), 4, user)
    reachShadow(m, m.sub(aligned, constant(m, 8)), 8, user)
    storeShadow(m, m.sub(before, constant(m, 4)), m.constant(0, 32), user)
    storeShadow(m, m.sub(aligned, constant(m, 8)), m.or(before, constant(m, isLong(m) ? 1 : 0)), user)
    const popped = m.select(hole, constant(m, 12), constant(m, 8))
    m.set('SSP', m.add(ssp, popped))
  },
)

/** Takes the shadow stack whose token says that it ends there, and leaves a token that names this one. */
const rstorssp = instruction(
  'RSTORSSP',
  page('R', 'RSTORSSP—Restore Saved Shadow Stack Pointer'),
  (m: Machine, from: Memory<64>) => {
    if (!requireShadowStack(m)) return
    const user = isUser(m)
    const linear = placeOf(m, from)
    const mode = isLong(m) ? 1 : 0
    reachShadow(m, linear, 8, user)
    const token = loadShadow(m, linear, 64, user)
    const end = without(m, m.sub(without(m, token, 1), constant(m, 8)), 7)
    const fits = [
      m.equal(low(m, token, 3), constant(m, mode)),
      m.equal(end, linear),
      ...(isLong(m) ? [] : [m.isZero(upper(m, token))]),
    ].reduce((all, each) => m.and(all, each))
    m.when(m.not(fits), () => violate(m, 'restoreSsp'))
    const previous = m.or(m.get('SSP'), constant(m, mode | 2))
    m.when(m.not(swapToken(m, linear, token, previous, user)), () => violate(m, 'restoreSsp'))
    m.set('SSP', linear)
    const [zero, hole] = [() => m.constant(0, 1), m.bit(token, 2)]
    m.flags({ kind: 'equations', equations: { CF: () => hole, PF: zero, AF: zero, ZF: zero, SF: zero, OF: zero } })
  },
)

const wrss = (mnemonic: 'WRSSD' | 'WRSSQ'): Instruction =>
  instruction(
    mnemonic,
    page('W', 'WRSSD/WRSSQ—Write to Shadow Stack'),
    (m: Machine, to: Memory<32 | 64>, from: Operand<32 | 64>) => {
      if (!requireShadowStack(m)) return
      m.when(m.not(m.bit(controlsOf(m), cet.WR_SHSTK_EN.low)), () => m.fault('UD'))
      write(m, placeOf(m, to), m.read(from) as Bits<64>, isUser(m))
    },
  )

function write<W extends 32 | 64>(m: Machine, linear: Bits<64>, value: Bits<W>, user: Bits<1>): void {
  reachShadow(m, linear, m.widthOf(value) === 64 ? 8 : 4, user)
  storeShadow(m, linear, value, user)
}

/** The kernel writes as the program would. */
const wruss = (mnemonic: 'WRUSSD' | 'WRUSSQ'): Instruction =>
  instruction(
    mnemonic,
    page('W', 'WRUSSD/WRUSSQ—Write to User Shadow Stack'),
    (m: Machine, to: Memory<32 | 64>, from: Operand<32 | 64>) => {
      if (m.mode.cet !== true) return m.fault('UD')
      m.when(m.not(m.bit(m.get('CR4'), cr4.CET.low)), () => m.fault('UD'))
      requireCpl0(m)
      write(m, placeOf(m, to), m.read(from) as Bits<64>, m.constant(1, 1))
    },
  )

const setssbsy = instruction('SETSSBSY', page('S', 'SETSSBSY—Mark Shadow Stack Busy'), (m: Machine) => {
  if (!requireShadowStack(m, m.constant(0, 8))) return
  requireCpl0(m)
  const token = m.get('IA32_PL0_SSP')
  refuseUnless(m, m.isZero(low(m, token, 7)))
  const marked = m.or(token, constant(m, busy))
  m.when(m.not(swapToken(m, token, token, marked, m.constant(0, 1))), () => violate(m, 'setBusy'))
  m.set('SSP', token)
})

const clrssbsy = instruction(
  'CLRSSBSY',
  page('C', 'CLRSSBSY—Clear Busy Flag in a Supervisor Shadow Stack Token'),
  (m: Machine, of: Memory<64>) => {
    if (!requireShadowStack(m, m.constant(0, 8))) return
    requireCpl0(m)
    const linear = placeOf(m, of)
    const cleared = swapToken(m, linear, m.or(linear, constant(m, busy)), linear, m.constant(0, 1))
    const zero = () => m.constant(0, 1)
    const equations = { CF: () => m.not(cleared), PF: zero, AF: zero, ZF: zero, SF: zero, OF: zero }
    m.flags({ kind: 'equations', equations })
    m.set('SSP', constant(m, 0))
  },
)

/** Each is a NOP to the other's code. */
const endbranch = (mnemonic: 'ENDBR32' | 'ENDBR64', codeSizes: readonly number[]): Instruction =>
  instruction(mnemonic, page('E', `${mnemonic}—Terminate an Indirect Branch`), (m: Machine) => {
    if (codeSizes.includes(m.mode.codeSize)) endTracking(m)
  })

export const shadowStackInstructions: readonly Instruction[] = [
  incssp('INCSSPD', 4),
  incssp('INCSSPQ', 8),
  rdssp('RDSSPD'),
  rdssp('RDSSPQ'),
  saveprevssp,
  rstorssp,
  wrss('WRSSD'),
  wrss('WRSSQ'),
  wruss('WRUSSD'),
  wruss('WRUSSQ'),
  setssbsy,
  clrssbsy,
  endbranch('ENDBR32', [16, 32]),
  endbranch('ENDBR64', [64]),
]
