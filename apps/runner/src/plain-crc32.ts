import { crc32 } from 'node:zlib'

/** zlib's CRC-32 without its inversions, as checksums of kernel images are made. */
export const plainCrc32 = (bytes: Uint8Array, before = 0xffff_ffff): number => ~crc32(bytes, ~before >>> 0) >>> 0
