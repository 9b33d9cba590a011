/** Archives and pieces of them begin on a multiple of four bytes. */
export const padded = (length: number): number => Math.ceil(length / 4) * 4

/**
 * Initramfs archives one after another, each on a four-byte boundary: the kernel unpacks them in this order, and what a later
 * one has replaces what an earlier one had. An archive may be compressed, the others need not be.
 * Source: Linux Documentation/driver-api/early-userspace/buffer-format.rst.
 */
export function joined(...archives: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(archives.reduce((end, archive) => padded(end) + archive.length, 0))
  let at = 0
  for (const archive of archives) {
    bytes.set(archive, padded(at))
    at = padded(at) + archive.length
  }
  return bytes
}
