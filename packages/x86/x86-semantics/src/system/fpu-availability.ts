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

/** XSAVE and its like: #UD without CR4.OSXSAVE, #NM when CR0.TS is set. */
export function requireXsave(m: Machine): void {
  m.when(m.not(m.bit(m.get('CR4'), 18)), () => m.fault('UD'))
  m.when(m.bit(m.get('CR0'), 3), () => m.fault('NM'))
}
