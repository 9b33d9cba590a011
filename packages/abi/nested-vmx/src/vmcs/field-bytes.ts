/** Where a field lies, and how many bytes it has: two, four or eight. Little endian. */
export interface FieldBytes {
  readonly offset: number
  readonly bytes: number
}

/** A field; what lies beyond the end of a region reads as 0. */
export function readBytes(view: DataView, { offset, bytes }: FieldBytes): bigint {
  if (offset + bytes > view.byteLength) return 0n
  if (bytes === 2) return BigInt(view.getUint16(offset, true))
  return bytes === 4 ? BigInt(view.getUint32(offset, true)) : view.getBigUint64(offset, true)
}

/** What fits of a value becomes a field; what lies beyond the end of a region is dropped. */
export function writeBytes(view: DataView, { offset, bytes }: FieldBytes, value: bigint): void {
  if (offset + bytes > view.byteLength) return
  if (bytes === 2) view.setUint16(offset, Number(BigInt.asUintN(16, value)), true)
  else if (bytes === 4) view.setUint32(offset, Number(BigInt.asUintN(32, value)), true)
  else view.setBigUint64(offset, value, true)
}
