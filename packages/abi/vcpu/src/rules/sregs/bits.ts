/** Bits of CR0 that the rules speak of. Source: SDM 3A §2.5. */
export const CR0 = { PE: 1n, NW: 1n << 29n, CD: 1n << 30n, PG: 1n << 31n } as const
/** Bits of CR4. Source: SDM 3A §2.5. */
export const CR4 = { PAE: 1n << 5n, OSXSAVE: 1n << 18n } as const
/** Bits of EFER. Source: SDM 3A §2.2.1. */
export const EFER = { LME: 1n << 8n, LMA: 1n << 10n } as const

/** Whether paging goes with long mode. */
export const isLong = (cr0: bigint, efer: bigint): boolean => (efer & EFER.LME) !== 0n && (cr0 & CR0.PG) !== 0n

/** The lowest vector whose bit is set. */
export function lowestVector(bitmap: readonly bigint[]): number | undefined {
  for (const [word, bits] of bitmap.entries())
    for (let bit = 0; bit < 64; bit += 1) if (((bits >> BigInt(bit)) & 1n) === 1n) return word * 64 + bit
  return undefined
}
