import type { Bits, Machine } from '../algebra.ts'
import { requireX87 } from '../system/fpu-availability.ts'

/** FSW. Source: SDM 1 §8.1.3, Figure 8-4. */
export const status = {
  IE: 0x01,
  exceptions: 0x3f,
  SF: 0x40,
  /** ES and B, which say the same. */
  summary: 0x8080,
  C0: 0x100,
  C1: 0x200,
  C2: 0x400,
  C3: 0x4000,
  TOP: 0x3800,
} as const
const topAt = 11
const one = 1 << topAt

/** The real indefinite: what masked invalid operations leave. SDM 1 Table 4-3. */
export const indefinite = { significand: 0xc000_0000_0000_0000n, signExponent: 0xffff } as const

const numericErrorBit = 5

/** An unmasked exception that is pending is #MF with CR0.NE; else it is told outside, unless that is to be ignored. SDM 1 §8.7. */
export function raisePending(m: Machine): void {
  m.when(m.bit(m.get('FSW'), 7), () => {
    m.when(m.bit(m.get('CR0'), numericErrorBit), () => m.fault('MF'))
    m.when(m.isZero(m.get('IGNNE')), () => void m.host('numericError'))
  })
}

/** IGNNE# is asserted no longer than there is an error. */
export function settleIgnore(m: Machine): void {
  m.set('IGNNE', m.and(m.get('IGNNE'), m.zeroExtend(m.bit(m.get('FSW'), 7), 8)))
}

/** How every instruction begins that is no control instruction: #NM, then exceptions of those before it. */
export function beginX87(m: Machine): void {
  requireX87(m)
  raisePending(m)
}

/**
 * Notes where the last instruction was that is no control instruction, and its memory operand if it has one. The
 * selectors are deprecated and stay zero (CPUID.07H:EBX bit 13). SDM 1 §8.1.8.
 */
export function notePointers(m: Machine, data?: Bits<64>): void {
  m.set('FIP', m.thisRip())
  if (data !== undefined) m.set('FDP', data)
}

/** Where ST(index) is in the register file: TOP + index, modulo 8. */
export function physicalOf(m: Machine, index: number): Bits<8> {
  const top = m.truncate(m.shiftRight(m.get('FSW'), m.constant(topAt, 16)), 8)
  return m.and(m.add(top, m.constant(index, 8)), m.constant(7, 8))
}

/** TOP moves: by -1 for a push, by 1 for a pop. */
export function turn(m: Machine, by: number): void {
  const now = m.get('FSW')
  const moved = m.and(m.add(now, m.constant((by * one) & status.TOP, 16)), m.constant(status.TOP, 16))
  m.set('FSW', m.or(m.and(now, m.constant(~status.TOP & 0xffff, 16)), moved))
}

export function isInUse(m: Machine, physical: Bits<8>): Bits<1> {
  return m.bit(m.shiftRight(m.get('FTW'), physical), 0)
}

const place = (m: Machine, physical: Bits<8>): Bits<8> => m.shiftLeft(m.constant(1, 8), physical)

/** A register is in use with a value. */
export function fill(m: Machine, physical: Bits<8>, significand: Bits<64>, signExponent: Bits<16>): void {
  m.setX87(physical, significand, signExponent)
  m.set('FTW', m.or(m.get('FTW'), place(m, physical)))
}

export function empty(m: Machine, physical: Bits<8>): void {
  m.set('FTW', m.and(m.get('FTW'), m.not(place(m, physical))))
}

/** ST(0) is empty and TOP moves on. */
export function pop(m: Machine, count = 1): void {
  for (let each = 0; each < count; each += 1) {
    empty(m, physicalOf(m, 0))
    turn(m, 1)
  }
}

/** TOP moves back and ST(0) is in use. */
export function push(m: Machine, significand: Bits<64>, signExponent: Bits<16>): void {
  turn(m, -1)
  fill(m, physicalOf(m, 0), significand, signExponent)
}

/**
 * Puts exceptions and condition codes into FSW, of which `defined` are replaced. What is unmasked sets ES and B, and the
 * opcode is kept for the handler. SDM 1 §8.1.3, §8.1.9.
 */
export function report(m: Machine, raised: Bits<16>, defined: number): void {
  const now = m.or(m.and(m.get('FSW'), m.constant(~defined & 0xffff, 16)), raised)
  m.set('FSW', withSummary(m, now))
  m.when(m.not(m.isZero(unmasked(m, raised))), () => m.set('FOP', m.escapeOpcode()))
}

const unmasked = (m: Machine, flags: Bits<16>): Bits<16> =>
  m.and(m.and(flags, m.not(m.get('FCW'))), m.constant(status.exceptions, 16))

/** A status word with ES and B as FCW has them. */
export function withSummary(m: Machine, word: Bits<16>): Bits<16> {
  const summary = m.select(m.isZero(unmasked(m, word)), m.constant(0, 16), m.constant(status.summary, 16))
  return m.or(m.and(word, m.constant(~status.summary & 0xffff, 16)), summary)
}

/** Whether invalid operations get a masked response. */
export function invalidIsMasked(m: Machine): Bits<1> {
  return m.bit(m.get('FCW'), 0)
}
