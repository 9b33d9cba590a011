/** The polynomial of IEEE 802.3, its bits reversed. */
const polynomial = 0xedb8_8320
const lanes = 8

let tables: readonly Uint32Array[] | undefined

/** Table n tells what a byte does that n more bytes follow. */
function makeTables(): readonly Uint32Array[] {
  const result = Array.from({ length: lanes }, () => new Uint32Array(256))
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = shifted(byte)
    for (const table of result) {
      table[byte] = crc
      crc = (crc >>> 8) ^ shifted(crc & 0xff)
    }
  }
  return result
}

/** A remainder after eight more bits, all zero. */
function shifted(remainder: number): number {
  let crc = remainder
  for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : polynomial)
  return crc
}

/**
 * The CRC-32 of bytes that follow others: `before` is theirs, all ones where there are none. Neither is inverted at the end.
 * Eight bytes are taken at a time.
 */
export function crc32(bytes: Uint8Array, before = 0xffff_ffff): number {
  tables ??= makeTables()
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Uint32Array, ...Uint32Array[]]
  let crc = before
  let at = 0
  for (const end = bytes.length - lanes; at <= end; at += lanes) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      t7![crc & 0xff]! ^
      t6![(crc >>> 8) & 0xff]! ^
      t5![(crc >>> 16) & 0xff]! ^
      t4![crc >>> 24]! ^
      t3![bytes[at + 4]!]! ^
      t2![bytes[at + 5]!]! ^
      t1![bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!
  return crc >>> 0
}
