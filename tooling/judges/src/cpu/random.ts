/** 2^32 divided by the golden ratio: seeds that are neighbours begin far apart. */
const golden = 0x9e37_79b9

/** Numbers that a seed brings forth. Source: Blackman and Vigna, “Scrambled linear pseudorandom number generators”, xoshiro128**. */
export class Random {
  readonly #state: Uint32Array

  constructor(seed: number) {
    this.#state = Uint32Array.from(
      { length: 4 },
      (_, at) => Math.imul(seed + at + 1, golden) ^ Math.floor(seed / 2 ** 32),
    )
    for (let round = 0; round < 16; round += 1) this.word()
  }

  /** 32 bits. */
  word(): number {
    const s = this.#state
    const five = Math.imul(s[1]!, 5)
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0
    const shifted = s[1]! << 9
    s[2]! ^= s[0]!
    s[3]! ^= s[1]!
    s[1]! ^= s[2]!
    s[0]! ^= s[3]!
    s[2]! ^= shifted
    s[3] = (s[3]! << 11) | (s[3]! >>> 21)
    return result
  }

  /** 64 bits. */
  bits(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word())
  }

  /** From 0 to `count` less one. */
  below(count: number): number {
    return Math.floor((this.word() * count) / 2 ** 32)
  }

  /** True once in so many times. */
  once(in_: number): boolean {
    return this.below(in_) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  bytes(count: number): Uint8Array {
    const words = Uint32Array.from({ length: Math.ceil(count / 4) }, () => this.word())
    return new Uint8Array(words.buffer, 0, count)
  }
}

/** FNV-1a of 32 bits. Source: RFC 9923 §2. */
const fnv = { basis: 0x811c_9dc5, prime: 0x0100_0193 } as const

/** A seed for what has a name: what chance brings one does not depend on who else is asked. `seed`: less than 2^21. */
export function seedFor(seed: number, name: string): number {
  const hash = Buffer.from(name).reduce((sum, byte) => Math.imul(sum ^ byte, fnv.prime), fnv.basis)
  return seed * 2 ** 32 + (hash >>> 0)
}
