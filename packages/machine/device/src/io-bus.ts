import type { PortRange } from './device.ts'

type Size = 1 | 2 | 4

/** A port that no device drives. */
const nobody = 0
const mostRanges = 0xffff

/**
 * The 64 Ki I/O ports. An access goes to the device that owns its first port, in one piece if the device takes that
 * width and owns all of it; else it is split in halves. Ports nobody owns read as all ones and swallow writes.
 */
export class IoBus {
  readonly #ranges: PortRange[] = []
  /** One more than the index of the range that owns a port, or `nobody`; empty until there is a range. */
  #owner = new Uint16Array(0)

  /**
   * Adds a range of ports; where it overlaps older ones, it wins.
   * @throws {RangeError} at the 65536th range.
   */
  attach(range: PortRange): void {
    if (this.#ranges.length === mostRanges) throw new RangeError(`an I/O bus has at most ${mostRanges} ranges of ports`)
    if (this.#owner.length === 0) this.#owner = new Uint16Array(0x1_0000)
    this.#ranges.push(range)
    this.#own(range, this.#ranges.length)
  }

  /** Takes a range away; what it had covered is there again. */
  detach(range: PortRange): void {
    const index = this.#ranges.indexOf(range)
    if (index < 0) return
    this.#ranges.splice(index, 1)
    this.#owner.fill(nobody)
    for (const [at, other] of this.#ranges.entries()) this.#own(other, at + 1)
  }

  /** Whether some device owns a port. */
  claims(port: number): boolean {
    return (this.#owner[port] ?? nobody) !== nobody
  }

  /** The range that owns a port. */
  at(port: number): PortRange | undefined {
    const owner = this.#owner[port] ?? nobody
    return owner === nobody ? undefined : this.#ranges[owner - 1]
  }

  /** Zero-extended. */
  read(port: number, size: Size): number {
    const range = this.#rangeFor(port, size)
    if (range !== undefined) return range.read(port, size)
    if (size === 1) return 0xff
    const half = size === 4 ? 2 : 1
    const low = this.read(port, half)
    const high = this.read((port + half) & 0xffff, half)
    return (low | (high << (8 * half))) >>> 0
  }

  write(port: number, size: Size, value: number): void {
    const range = this.#rangeFor(port, size)
    if (range !== undefined) range.write(port, size, value)
    else if (size !== 1) {
      const half = size === 4 ? 2 : 1
      this.write(port, half, half === 2 ? value & 0xffff : value & 0xff)
      this.write((port + half) & 0xffff, half, half === 2 ? value >>> 16 : (value >>> 8) & 0xff)
    }
  }

  #rangeFor(port: number, size: Size): PortRange | undefined {
    const owner = this.#owner[port] ?? nobody
    if (owner === nobody) return undefined
    const range = this.#ranges[owner - 1]
    if (range === undefined || (range.widest ?? 4) < size || port + size > range.first + range.count) return undefined
    return range
  }

  #own(range: PortRange, owner: number): void {
    this.#owner.fill(owner, range.first, range.first + range.count)
  }
}
