/** Numbers that look random and are the same for the same seed: xorshift, 64 bits. */
export class Random {
  #state: bigint

  constructor(seed: number) {
    this.#state = BigInt.asUintN(64, BigInt(seed) * 0x9e37_79b9_7f4a_7c15n + 0x1234_5678_9abc_def1n)
  }

  /** A number of so many bits. */
  bits(width: number): bigint {
    let value = 0n
    for (let done = 0; done < width; done += 64) value = (value << 64n) | this.#next()
    return BigInt.asUintN(width, value)
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Number(this.#next() % BigInt(limit))
  }

  /** One of a list. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  #next(): bigint {
    let x = this.#state
    x ^= BigInt.asUintN(64, x << 13n)
    x ^= x >> 7n
    x ^= BigInt.asUintN(64, x << 17n)
    this.#state = x
    return x
  }
}
