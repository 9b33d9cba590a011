import type { Bits, Machine } from '../algebra.ts'

/** #GP(0) unless `condition` holds. */
export function refuseUnless(m: Machine, condition: Bits<1>): void {
  m.when(m.not(condition), () => m.fault('GP', m.constant(0, 32)))
}

/** Privileged instructions: #GP(0) unless CPL is 0. Virtual-8086 mode runs at CPL 3. */
export function requireCpl0(m: Machine): void {
  if (m.mode.execution !== 'real') refuseUnless(m, m.isZero(m.get('CPL')))
}

/** Instructions of protected mode only: #UD in real and virtual-8086 mode. */
export function requireProtected(m: Machine): boolean {
  const { execution } = m.mode
  if (execution !== 'real' && execution !== 'virtual-8086') return true
  m.fault('UD')
  return false
}

/** IOPL, 0 to 3. */
export const iopl = (m: Machine): Bits<8> =>
  m.and(m.truncate(m.shiftRight(m.get('RFLAGS'), m.constant(12, 64)), 8), m.constant(3, 8))

/** RFLAGS.IF, IOPL and their neighbours by bit number. Source: SDM 1 §3.4.3. */
export const flagBit = {
  TF: 8,
  IF: 9,
  DF: 10,
  IOPL: 12,
  NT: 14,
  RF: 16,
  VM: 17,
  AC: 18,
  VIF: 19,
  VIP: 20,
  ID: 21,
} as const
