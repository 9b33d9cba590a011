import type { State } from './state.ts'

/** Bytes by the LEN field. Source: SDM 3B §18.2.4. */
const lengths = [1n, 2n, 8n, 4n] as const
/** R/W fields of data breakpoints: stores, and loads and stores. */
const [onWrite, onAccess] = [1n, 3n]

/** Which data breakpoints an access to linear addresses meets, as bits 3:0 of DR6. Source: SDM 3B §18.2.4, §18.2.5. */
export function breakpointsMet(state: State, linear: bigint, bytes: number, write: boolean): number {
  const control = state.get('DR7')
  const meets = (index: 0 | 1 | 2 | 3): boolean => {
    const isEnabled = ((control >> BigInt(index * 2)) & 3n) !== 0n
    const kind = (control >> BigInt(16 + index * 4)) & 3n
    const length = lengths[Number((control >> BigInt(18 + index * 4)) & 3n)]!
    const first = state.get(`DR${index}`) & ~(length - 1n)
    const overlaps = linear < first + length && first < linear + BigInt(bytes)
    return isEnabled && overlaps && (kind === onAccess || (kind === onWrite && write))
  }
  return ([0, 1, 2, 3] as const).reduce((bits: number, index) => (meets(index) ? bits | (1 << index) : bits), 0)
}
