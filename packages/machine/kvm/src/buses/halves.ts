import type { MmioRegion } from '@vmm/device'

/** Whatever is read and written at most four bytes at a time. */
type Window = Pick<MmioRegion, 'read' | 'write'>

const halfBits = 32n
const half = 0xffff_ffffn

/** A load. One of eight bytes is two of four, the lower first. */
export function readHalves(window: Window, at: number, size: 1 | 2 | 4 | 8): bigint {
  if (size !== 8) return BigInt(window.read(at, size) >>> 0)
  const low = BigInt(window.read(at, 4) >>> 0)
  return low | (BigInt(window.read(at + 4, 4) >>> 0) << halfBits)
}

/** A store. One of eight bytes is two of four, the lower first. */
export function writeHalves(window: Window, at: number, size: 1 | 2 | 4 | 8, value: bigint): void {
  if (size !== 8) return window.write(at, size, Number(value))
  window.write(at, 4, Number(value & half))
  window.write(at + 4, 4, Number(value >> halfBits))
}
