/** A set of vectors, 0 to 255, as the eight 32-bit registers of ISR, TMR and IRR show it. */
export class VectorSet {
  readonly #words = new Uint32Array(8)
  #highest = -1

  /** The greatest vector in the set, or -1. */
  get highest(): number {
    return this.#highest
  }

  has(vector: number): boolean {
    return ((this.word(vector >> 5) >>> (vector & 31)) & 1) !== 0
  }

  add(vector: number): void {
    this.#words[vector >> 5] = this.word(vector >> 5) | (1 << (vector & 31))
    if (vector > this.#highest) this.#highest = vector
  }

  delete(vector: number): void {
    this.#words[vector >> 5] = this.word(vector >> 5) & ~(1 << (vector & 31))
    if (vector === this.#highest) this.#highest = this.#search(vector >> 5)
  }

  clear(): void {
    this.#words.fill(0)
    this.#highest = -1
  }

  /** One of the eight registers: vectors `32 * index` to `32 * index + 31`. */
  word(index: number): number {
    return this.#words[index] ?? 0
  }

  words(): number[] {
    return Array.from(this.#words)
  }

  assign(words: readonly number[]): void {
    this.#words.set(words)
    this.#highest = this.#search(7)
  }

  #search(from: number): number {
    for (let index = from; index >= 0; index--) {
      const word = this.word(index)
      if (word !== 0) return index * 32 + 31 - Math.clz32(word)
    }
    return -1
  }
}
