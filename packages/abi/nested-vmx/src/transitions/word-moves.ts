/** A value of so many bytes in two places. */
export interface MovedPlace {
  readonly vmcs: { readonly offset: number; readonly bytes: number }
  readonly state: { readonly offset: number; readonly bytes: number }
}

/** Memory as words, as pairs and as halves of them, each at a multiple of its size. */
export interface Words {
  readonly longs: BigInt64Array
  readonly words: Int32Array
  readonly halves: Uint16Array
}

/**
 * Values that go from the memory of a VMCS to that of a processor's state and back: as places in both, with no names. V8 moves pairs of
 * words without making big integers of them.
 */
export class WordMoves {
  readonly #state: Words
  /** Number of a pair of words in a VMCS, and that of the same in the state, one behind another; then of words, and of halves. */
  readonly #longs: Int32Array
  readonly #words: Int32Array
  readonly #halves: Int32Array
  /** Words of the state that a VMCS has nothing of: they are zero. */
  readonly #zeros: Int32Array

  constructor(state: ArrayBufferLike, places: readonly MovedPlace[]) {
    this.#state = { longs: new BigInt64Array(state), words: new Int32Array(state), halves: new Uint16Array(state) }
    this.#longs = placesOf(places, 8)
    this.#words = placesOf(places, 4)
    this.#halves = placesOf(places, 2)
    const wider = places.filter(({ vmcs, state }) => vmcs.bytes < state.bytes)
    this.#zeros = Int32Array.from(wider, ({ state }) => (state.offset >> 2) + 1)
  }

  /** From a VMCS into the state. */
  load(vmcs: Words): void {
    const { longs, words, halves } = this.#state
    const long = this.#longs
    for (let at = 0; at < long.length; at += 2) longs[long[at + 1]!] = vmcs.longs[long[at]!]!
    const wide = this.#words
    for (let at = 0; at < wide.length; at += 2) words[wide[at + 1]!] = vmcs.words[wide[at]!]!
    const narrow = this.#halves
    for (let at = 0; at < narrow.length; at += 2) halves[narrow[at + 1]!] = vmcs.halves[narrow[at]!]!
    const zeros = this.#zeros
    for (let at = 0; at < zeros.length; at += 1) words[zeros[at]!] = 0
  }

  /** From the state into a VMCS. */
  save(vmcs: Words): void {
    const { longs, words, halves } = this.#state
    const long = this.#longs
    for (let at = 0; at < long.length; at += 2) vmcs.longs[long[at]!] = longs[long[at + 1]!]!
    const wide = this.#words
    for (let at = 0; at < wide.length; at += 2) vmcs.words[wide[at]!] = words[wide[at + 1]!]!
    const narrow = this.#halves
    for (let at = 0; at < narrow.length; at += 2) vmcs.halves[narrow[at]!] = halves[narrow[at + 1]!]!
  }
}

/** Values of so many bytes, by the numbers of their places in both memories. */
function placesOf(places: readonly MovedPlace[], bytes: 2 | 4 | 8): Int32Array {
  const moved = places.filter(({ vmcs }) => vmcs.bytes === bytes)
  return Int32Array.from(moved.flatMap(({ vmcs, state }) => [vmcs.offset / bytes, state.offset / bytes]))
}
