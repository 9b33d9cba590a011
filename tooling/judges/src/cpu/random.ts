const mask = (1n << 64n) - 1n

/** Numbers that a seed brings forth: xorshift64*. */
export class Random {
  #state: bigint

  constructor(seed: number) {
    this.#state = (BigInt(seed) * 0x9e37_79b9_7f4a_7c15n + 0x1234_5678_9abc_def1n) & mask || 1n
  }

  /** 64 bits. */
  bits(): bigint {
    let x = this.#state
    x ^= x >> 12n
    x ^= (x << 25n) & mask
    x ^= x >> 27n
    this.#state = x
    return (x * 0x2545_f491_4f6c_dd1dn) & mask
  }

  /** From 0 to `count` less one. */
  below(count: number): number {
    return Number(this.bits() >> 33n) % count
  }

  /** True once in so many times. */
  once(in_: number): boolean {
    return this.below(in_) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  bytes(count: number): Uint8Array {
    const words = BigUint64Array.from({ length: Math.ceil(count / 8) }, () => this.bits())
    return new Uint8Array(words.buffer, 0, count)
  }
}
