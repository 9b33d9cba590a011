import { cet, cr4 } from '@vmm/x86-registers'
import type { Bits, Machine, Mode } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'

/** What control-flow enforcement found wrong: the error code of #CP. Source: SDM 3A §6.15, Interrupt 21. */
export const controlProtection = { nearReturn: 1, farReturn: 2, endBranch: 3, restoreSsp: 4, setBusy: 5 } as const

/** #CP with one of these. */
export const violate = (m: Machine, kind: keyof typeof controlProtection): void =>
  m.fault('CP', m.constant(controlProtection[kind], 32))

export const one64 = (at: { readonly low: number }): bigint => 1n << BigInt(at.low)

/** Whether CR4.CET is set: known when code is translated, but to virtual-8086 mode, which events leave for code that has it. */
export const mayEnforce = (m: Machine): boolean => m.mode.cet === true || m.mode.execution === 'virtual-8086'

export const isUser = (m: Machine, level: Bits<8> = m.get('CPL')): Bits<1> => m.equal(level, m.constant(3, 8))

/** IA32_U_CET at CPL 3, else IA32_S_CET; nothing of it counts without CR4.CET. */
export function controlsOf(m: Machine, level: Bits<8> = m.get('CPL')): Bits<64> {
  const controls = m.select(isUser(m, level), m.get('IA32_U_CET'), m.get('IA32_S_CET'))
  if (m.mode.cet === true) return controls
  return m.select(m.bit(m.get('CR4'), cr4.CET.low), controls, m.constant(0, 64))
}

export const hasShadowStack = (m: Machine, level?: Bits<8>): Bits<1> =>
  m.bit(controlsOf(m, level ?? m.get('CPL')), cet.SH_STK_EN.low)

/** Whether the code that runs has one: in virtual-8086 mode there is none to leave, whatever IA32_U_CET says. Source: SDM 1 §17.2.2. */
export const hasOwnShadowStack = (m: Machine): Bits<1> => (m.mode.cet === true ? hasShadowStack(m) : m.constant(0, 1))

/** Sets the tracker of a level anew: `change` gives what its register holds then. */
function changeControls(m: Machine, level: Bits<8>, change: (controls: Bits<64>) => Bits<64>): void {
  m.when(
    isUser(m, level),
    () => m.set('IA32_U_CET', change(m.get('IA32_U_CET'))),
    () => m.set('IA32_S_CET', change(m.get('IA32_S_CET'))),
  )
}

const without = (m: Machine, controls: Bits<64>, ...gone: readonly { readonly low: number }[]): Bits<64> =>
  m.and(
    controls,
    m.not(
      m.constant(
        gone.reduce((mask, at) => mask | one64(at), 0n),
        64,
      ),
    ),
  )

const waiting = (m: Machine, controls: Bits<64>): Bits<64> =>
  m.or(without(m, controls, cet.SUPPRESS), m.constant(one64(cet.TRACKER), 64))

/** After a far transfer the target must be an ENDBRANCH, whatever was suppressed before. Source: SDM 1 §17.3.4. */
export function trackFar(m: Machine, level: Bits<8> = m.get('CPL')): void {
  if (!mayEnforce(m)) return
  m.when(m.bit(controlsOf(m, level), cet.ENDBR_EN.low), () =>
    changeControls(m, level, (controls) => waiting(m, controls)),
  )
}

/** After a near indirect CALL or JMP, unless tracking is suppressed or the branch is one of those that may go untracked. */
export function trackNear(m: Machine): void {
  if (m.mode.cet !== true) return
  const controls = controlsOf(m)
  const mask = one64(cet.ENDBR_EN) | one64(cet.SUPPRESS)
  const active = m.equal(m.and(controls, m.constant(mask, 64)), m.constant(one64(cet.ENDBR_EN), 64))
  const tracked = m.mode.noTrack === true ? m.and(active, m.not(m.bit(controls, cet.NO_TRACK_EN.low))) : active
  m.when(tracked, () => changeControls(m, m.get('CPL'), (each) => waiting(m, each)))
}

/** ENDBRANCH: the tracker is idle, and nothing is suppressed. */
export function endTracking(m: Machine): void {
  if (m.mode.cet !== true) return
  const controls = controlsOf(m)
  const state = m.and(controls, m.constant(one64(cet.TRACKER) | one64(cet.SUPPRESS), 64))
  m.when(m.and(m.bit(controls, cet.ENDBR_EN.low), m.not(m.isZero(state))), () =>
    changeControls(m, m.get('CPL'), (each) => without(m, each, cet.TRACKER, cet.SUPPRESS)),
  )
}

/** Whether an instruction may be where an ENDBRANCH must be: that of its code, or INT3, which leaves the tracker to who put it there. */
export const mayBeTarget = (
  { mnemonic }: Pick<Instruction, 'mnemonic'>,
  { codeSize }: Pick<Mode, 'codeSize'>,
): boolean => mnemonic === (codeSize === 64 ? 'ENDBR64' : 'ENDBR32') || mnemonic === 'INT3'

const pagesOfByte = 15n

/**
 * What happens at an instruction that is no ENDBRANCH where one must be: #CP(ENDBRANCH), unless the legacy bitmap has the page of code. There the
 * tracker is idle again, tracking is suppressed if it may be, and the instruction follows. Source: SDM 1 §17.3.6.
 */
export function missEndbranch(m: Machine): void {
  const controls = controlsOf(m)
  const allowed = m.variable(m.constant(0, 1))
  m.when(m.bit(controls, cet.LEG_IW_EN.low), () => {
    const base = m.mode.codeSize === 64 ? m.constant(0, 64) : m.get('CS.base')
    const linear = m.and(m.add(base, m.thisRip()), m.constant((1n << 48n) - 1n, 64))
    const bitmap = m.and(controls, m.constant(~0xfffn & ((1n << 64n) - 1n), 64))
    const at = m.add(bitmap, m.shiftRight(linear, m.constant(pagesOfByte, 64)))
    const byte = m.loadLinear(at, 8, 'processor')
    const page = m.and(m.truncate(m.shiftRight(linear, m.constant(12, 64)), 8), m.constant(7, 8))
    allowed.set(m.bit(m.shiftRight(byte, page), 0))
  })
  m.when(m.not(allowed.get()), () => violate(m, 'endBranch'))
  changeControls(m, m.get('CPL'), (each) => {
    const idle = without(m, each, cet.TRACKER, cet.SUPPRESS)
    return m.select(m.bit(each, cet.SUPPRESS_DIS.low), idle, m.or(idle, m.constant(one64(cet.SUPPRESS), 64)))
  })
  m.again()
}
