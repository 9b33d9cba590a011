const pageSize = 4096

/** A view of the same bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The page boundary at or above an address. */
export function pageUp(address: number): number {
  return Math.ceil(address / pageSize) * pageSize
}

/** The page boundary at or below an address. */
export function pageDown(address: number): number {
  return Math.floor(address / pageSize) * pageSize
}
