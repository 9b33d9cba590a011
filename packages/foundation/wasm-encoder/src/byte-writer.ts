const few = 64

const partOf = (values: ArrayLike<number>, from: number, to: number): ArrayLike<number> =>
  values instanceof Uint8Array ? values.subarray(from, to) : Array.prototype.slice.call(values, from, to)

/** Growing bytes with the integers of the binary format: LEB128, signed and unsigned. */
export class ByteWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  /** Values from one place up to another, all unless told. */
  bytes(values: ArrayLike<number>, from = 0, to: number = values.length): void {
    const count = to - from
    if (this.#length + count > this.#bytes.length) this.#grow(count)
    // a few are copied before a copying function is called
    if (count > few) this.#bytes.set(partOf(values, from, to), this.#length)
    else for (let at = 0; at < count; at += 1) this.#bytes[this.#length + at] = values[from + at]!
    this.#length += count
  }

  /** An opcode: one byte, or a prefix byte and an LEB128 number already in its bytes (0xfd8e01 is fd 8e 01). */
  opcode(value: number): void {
    if (value > 0xffff) this.byte(value >>> 16)
    if (value > 0xff) this.byte((value >>> 8) & 0xff)
    this.byte(value & 0xff)
  }

  /** Unsigned, up to 32 bits. */
  unsigned(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  /** Signed 32 bits. */
  signed32(value: number): void {
    let rest = value | 0
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  /** Signed 64 bits; wider values are cut. */
  signed64(value: bigint): void {
    const near = Number(value)
    if (near >= -0x8000_0000 && near <= 0x7fff_ffff) return this.signed32(near)
    let rest = BigInt.asIntN(64, value)
    for (;;) {
      const low = Number(rest & 0x7fn)
      rest >>= 7n
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  /** A length-prefixed name; ASCII is enough for us. */
  name(text: string): void {
    this.unsigned(text.length)
    for (let at = 0; at < text.length; at += 1) this.byte(text.charCodeAt(at))
  }

  /** What was written, without a copy: valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Starts again with the same room. */
  clear(): void {
    this.#length = 0
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
