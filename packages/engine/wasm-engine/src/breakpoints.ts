/** An armed data breakpoint. */
export interface Breakpoint {
  readonly index: number
  readonly first: bigint
  readonly bytes: bigint
  readonly onRead: boolean
}

/** Length by the LEN field: 1, 2, 8 and 4 bytes. Source: SDM 3B §18.2.4. */
const lengths = [1n, 2n, 8n, 4n] as const
/** R/W fields: execution, data writes, I/O, data reads and writes. */
const kind = { execute: 0, write: 1, io: 2, access: 3 } as const

const isEnabled = (dr7: number, index: number): boolean => ((dr7 >> (index * 2)) & 3) !== 0
const kindOf = (dr7: number, index: number): number => (dr7 >>> (16 + index * 4)) & 3

const places = [0, 1, 2, 3] as const

/** The data breakpoints that DR7 enables. Addresses are aligned to their length. */
export function dataBreakpoints(address: (index: 0 | 1 | 2 | 3) => bigint, dr7: number): readonly Breakpoint[] {
  return armed(dr7, (how) => how === kind.write || how === kind.access, address)
}

function armed(
  dr7: number,
  wanted: (kind: number) => boolean,
  address: (index: 0 | 1 | 2 | 3) => bigint,
): readonly Breakpoint[] {
  if ((dr7 & 0xff) === 0) return []
  return places
    .filter((index) => isEnabled(dr7, index) && wanted(kindOf(dr7, index)))
    .map((index) => {
      const bytes = lengths[(dr7 >>> (18 + index * 4)) & 3]!
      return { index, first: address(index) & ~(bytes - 1n), bytes, onRead: kindOf(dr7, index) !== kind.write }
    })
}

/** The port breakpoints that DR7 enables, if CR4.DE lets there be any. Source: SDM 3B §18.2.4. */
export function portBreakpoints(address: (index: 0 | 1 | 2 | 3) => bigint, dr7: number): readonly Breakpoint[] {
  return armed(dr7, (how) => how === kind.io, address)
}

/** Whether DR7 enables some instruction breakpoint. */
export const hasInstructionBreakpoint = (dr7: number): boolean =>
  places.some((index) => isEnabled(dr7, index) && kindOf(dr7, index) === kind.execute)

/** Which breakpoints an access meets, as bits of DR6. */
export function hitBy(breakpoints: readonly Breakpoint[], linear: bigint, bytes: number, write: boolean): number {
  let hits = 0
  for (const { index, first, bytes: length, onRead } of breakpoints) {
    const overlaps = linear < first + length && first < linear + BigInt(bytes)
    if (overlaps && (write || onRead)) hits |= 1 << index
  }
  return hits
}
