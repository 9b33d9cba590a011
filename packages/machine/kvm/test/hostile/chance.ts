/** Numbers by chance that are the same for the same seed. Source: xorshift32, G. Marsaglia, J. Stat. Softw. 8(14), 2003. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = (Math.imul(seed + 1, 0x9e37_79b1) >>> 0) | 1
    for (let round = 0; round < 4; round++) this.bits()
  }

  /** 32 bits. */
  bits(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state
  }

  below(limit: number): number {
    return this.bits() % limit
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0
  }

  among<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0]
  }
}
