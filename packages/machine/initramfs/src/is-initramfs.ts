import { decodeText } from './text.ts'

const archives = ['070701', '070702']

/** What compressed archives begin with: gzip (two of them), bzip2, LZMA, xz, LZO, LZ4, Zstandard. */
const compressed: readonly (readonly [number, number])[] = [
  [0x1f, 0x8b],
  [0x1f, 0x9e],
  [0x42, 0x5a],
  [0x5d, 0x00],
  [0xfd, 0x37],
  [0x89, 0x4c],
  [0x02, 0x21],
  [0x28, 0xb5],
]

/**
 * Whether Linux would take a file for an initramfs by its beginning: a "newc" archive, plain or compressed.
 * Source: Linux init/initramfs.c, `unpack_to_rootfs`; lib/decompress.c.
 */
export function isInitramfs(bytes: Uint8Array): boolean {
  const start = bytes.findIndex((byte) => byte !== 0)
  if (start < 0) return false
  if (archives.includes(decodeText(bytes.subarray(start, start + 6)))) return true
  return compressed.some(([first, second]) => bytes[start] === first && bytes[start + 1] === second)
}
