import type { MmioRegion } from './device.ts'

type Size = 1 | 2 | 4

/**
 * The windows of guest-physical memory that devices answer. A region may move: its `base` is asked at every access.
 * Bytes that nobody answers read as all ones and swallow writes; an access that only partly hits a region is split into bytes.
 */
export class MmioBus {
  readonly #regions: MmioRegion[] = []

  attach(region: MmioRegion): void {
    this.#regions.push(region)
  }

  detach(region: MmioRegion): void {
    const index = this.#regions.indexOf(region)
    if (index >= 0) this.#regions.splice(index, 1)
  }

  /** Whether some device answers the byte at `address`. */
  claims(address: number): boolean {
    return this.at(address) !== undefined
  }

  /** The region that has the byte at `address`. */
  at(address: number): MmioRegion | undefined {
    for (const region of this.#regions) {
      if (address >= region.base && address < region.base + region.length) return region
    }
    return undefined
  }

  /** Zero-extended. */
  read(address: number, size: Size): number {
    const region = this.at(address)
    const offset = region === undefined ? 0 : address - region.base
    if (region !== undefined && offset + size <= region.length) return region.read(offset, size) >>> 0
    if (size === 1) return 0xff
    let value = 0
    for (let at = size - 1; at >= 0; at--) value = (value << 8) | this.read(address + at, 1)
    return value >>> 0
  }

  write(address: number, size: Size, value: number): void {
    const region = this.at(address)
    const offset = region === undefined ? 0 : address - region.base
    if (region !== undefined && offset + size <= region.length) region.write(offset, size, value)
    else if (size !== 1) for (let at = 0; at < size; at++) this.write(address + at, 1, (value >>> (8 * at)) & 0xff)
  }
}
