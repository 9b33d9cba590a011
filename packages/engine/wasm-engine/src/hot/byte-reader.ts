/** Reads what a `ByteWriter` has written. What lies behind the end is 0, or nothing. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0
  }

  bytes(count: number): Uint8Array {
    const from = this.#at
    this.#at = Math.min(from + count, this.#bytes.length)
    return this.#bytes.subarray(from, this.#at)
  }

  unsigned(): number {
    return this.#septets().value >>> 0
  }

  signed32(): number {
    const { value, bits, last } = this.#septets()
    return bits < 32 && (last & 0x40) !== 0 ? value | (-1 << bits) : value
  }

  #septets() {
    let [value, bits] = [0, 0]
    for (;;) {
      const last = this.byte()
      value |= (last & 0x7f) << bits
      bits += 7
      if ((last & 0x80) === 0 || bits >= 35) return { value, bits, last }
    }
  }
}
