import type { State } from './state.ts'

/** Bytes by the LEN field. Source: SDM 3B §18.2.4. */
const lengths = [1n, 2n, 8n, 4n] as const
/** R/W fields of breakpoints: stores, ports, and loads and stores. */
const [onWrite, onPort, onAccess] = [1n, 2n, 3n]
const debuggingExtensions = 8n

/** Breakpoints as debug registers tell them. */
export interface DebugRegisters {
  readonly address: (index: 0 | 1 | 2 | 3) => bigint
  readonly dr7: number
}

/** The guest's own. */
export const debugRegistersOf = (state: State): DebugRegisters => ({
  address: (index) => state.get(`DR${index}`),
  dr7: Number(state.get('DR7')),
})

/** Which data breakpoints an access to linear addresses meets, as bits 3:0 of DR6. Source: SDM 3B §18.2.4, §18.2.5. */
export function breakpointsMet(registers: DebugRegisters, linear: bigint, bytes: number, write: boolean): number {
  return met(registers, linear, bytes, (kind) => kind === onAccess || (kind === onWrite && write))
}

/** Which breakpoints of ports an access meets: with CR4.DE. Source: SDM 3B §18.2.4. */
export function portBreakpointsMet(state: State, registers: DebugRegisters, port: number, bytes: number): number {
  if ((state.get('CR4') & debuggingExtensions) === 0n) return 0
  return met(registers, BigInt(port), bytes, (kind) => kind === onPort)
}

function met(
  { address, dr7 }: DebugRegisters,
  first: bigint,
  bytes: number,
  counts: (kind: bigint) => boolean,
): number {
  const control = BigInt(dr7)
  const meets = (index: 0 | 1 | 2 | 3): boolean => {
    const isEnabled = ((control >> BigInt(index * 2)) & 3n) !== 0n
    const length = lengths[Number((control >> BigInt(18 + index * 4)) & 3n)]!
    const from = address(index) & ~(length - 1n)
    const overlaps = first < from + length && from < first + BigInt(bytes)
    return isEnabled && overlaps && counts((control >> BigInt(16 + index * 4)) & 3n)
  }
  return ([0, 1, 2, 3] as const).reduce((bits: number, index) => (meets(index) ? bits | (1 << index) : bits), 0)
}
