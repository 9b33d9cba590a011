const seed = 0x9e37_79b9_7f4a_7c15n

/** A fixed sequence of 64-bit numbers: two runs of one image see the same. Source: Marsaglia, Xorshift RNGs (2003). */
export class RandomNumbers {
  /** Where the sequence is. */
  state = seed

  next(): bigint {
    let x = this.state
    x ^= BigInt.asUintN(64, x << 13n)
    x ^= x >> 7n
    x ^= BigInt.asUintN(64, x << 17n)
    this.state = x
    return x
  }
}
