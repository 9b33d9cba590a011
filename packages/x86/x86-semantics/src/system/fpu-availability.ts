import type { Machine } from '../algebra.ts'

/** x87 instructions: #NM when CR0.EM or CR0.TS is set. SDM 3A §13.1, Table 13-1 and 2.5. */
export function requireX87(m: Machine): void {
  const control = m.get('CR0')
  m.when(m.or(m.bit(control, 2), m.bit(control, 3)), () => m.fault('NM'))
}

/** MMX instructions: #UD when CR0.EM is set, #NM when CR0.TS is. */
export function requireMmx(m: Machine): void {
  const control = m.get('CR0')
  m.when(m.bit(control, 2), () => m.fault('UD'))
  m.when(m.bit(control, 3), () => m.fault('NM'))
}

/** SSE instructions: #UD when CR0.EM is set or CR4.OSFXSR clear, #NM when CR0.TS is set. */
export function requireSse(m: Machine): void {
  const control = m.get('CR0')
  m.when(m.or(m.bit(control, 2), m.not(m.bit(m.get('CR4'), 9))), () => m.fault('UD'))
  m.when(m.bit(control, 3), () => m.fault('NM'))
}

/** CR4.OSXSAVE, and the components of XCR0 that YMM registers are made of. */
const osxsave = 18
const sseAndAvx = 6

/**
 * AVX instructions: #UD outside protected mode, without CR4.OSXSAVE and unless XCR0 has SSE and AVX state on, #NM when CR0.TS is set.
 * CR0.EM is not looked at. False: nothing follows. Source: SDM 2A §2.4, Table 2-18.
 */
export function requireAvx(m: Machine): boolean {
  if (m.mode.execution === 'real' || m.mode.execution === 'virtual-8086') {
    m.fault('UD')
    return false
  }
  const parts = m.constant(sseAndAvx, 64)
  const isOff = m.not(m.equal(m.and(m.get('XCR0'), parts), parts))
  m.when(m.or(isOff, m.not(m.bit(m.get('CR4'), osxsave))), () => m.fault('UD'))
  m.when(m.bit(m.get('CR0'), 3), () => m.fault('NM'))
  return true
}

/** XSAVE and its like: #UD without CR4.OSXSAVE, #NM when CR0.TS is set. */
export function requireXsave(m: Machine): void {
  m.when(m.not(m.bit(m.get('CR4'), osxsave)), () => m.fault('UD'))
  m.when(m.bit(m.get('CR0'), 3), () => m.fault('NM'))
}
