/** Bytes of what a gather moves. */
const elementBytes = (mnemonic: string): number => (/(?:[DQ]D|PS)$/.test(mnemonic) ? 4 : 8)

/**
 * Whether sixteen bytes at a place are alike after a gather that a fault stopped: of a mask that is not done yet its highest bits count, and whether the others have become like them
 * by then is each maker's own. Source: SDM 2C, VPGATHERDD.
 */
export function areMasksAlike(mnemonic: string, real: DataView, ours: DataView, at: number): boolean {
  const bytes = elementBytes(mnemonic)
  for (let place = at; place < at + 16; place += bytes) {
    const [x, y] = [real, ours].map((view) =>
      bytes === 4 ? BigInt(view.getInt32(place, true)) : view.getBigInt64(place, true),
    ) as [bigint, bigint]
    const isMask = y === 0n || y === -1n
    if (x !== y && !(isMask && x < 0n === y < 0n)) return false
  }
  return true
}
