/** A value of so many bytes in two places. */
export interface MovedPlace {
  readonly vmcs: { readonly offset: number; readonly bytes: number }
  readonly state: { readonly offset: number; readonly bytes: number }
}

/** Memory as words and as halves of them, each at a multiple of its size. */
export interface Words {
  readonly words: Int32Array
  readonly halves: Uint16Array
}

/** Values that go from the memory of a VMCS to that of a processor's state and back: as places in both, with no names and no big integers. */
export class WordMoves {
  readonly #state: Words
  /** Number of a word in a VMCS, and that of the same in the state, one pair behind another. */
  readonly #words: Int32Array
  readonly #halves: Int32Array
  /** Words of the state that a VMCS has nothing of: they are zero. */
  readonly #zeros: Int32Array

  constructor(state: ArrayBufferLike, places: readonly MovedPlace[]) {
    this.#state = { words: new Int32Array(state), halves: new Uint16Array(state) }
    const wide = places.filter(({ vmcs }) => vmcs.bytes > 2)
    this.#words = Int32Array.from(wide.flatMap(({ vmcs, state }) => pairs(vmcs, state.offset)))
    const narrow = places.filter(({ vmcs }) => vmcs.bytes === 2)
    this.#halves = Int32Array.from(narrow.flatMap(({ vmcs, state }) => [vmcs.offset >> 1, state.offset >> 1]))
    const wider = places.filter(({ vmcs, state }) => vmcs.bytes < state.bytes)
    this.#zeros = Int32Array.from(wider, ({ state }) => (state.offset >> 2) + 1)
  }

  /** From a VMCS into the state. */
  load({ words, halves }: Words): void {
    const { words: state, halves: stateHalves } = this.#state
    const wide = this.#words
    for (let at = 0; at < wide.length; at += 2) state[wide[at + 1]!] = words[wide[at]!]!
    const narrow = this.#halves
    for (let at = 0; at < narrow.length; at += 2) stateHalves[narrow[at + 1]!] = halves[narrow[at]!]!
    const zeros = this.#zeros
    for (let at = 0; at < zeros.length; at += 1) state[zeros[at]!] = 0
  }

  /** From the state into a VMCS. */
  save({ words, halves }: Words): void {
    const { words: state, halves: stateHalves } = this.#state
    const wide = this.#words
    for (let at = 0; at < wide.length; at += 2) words[wide[at]!] = state[wide[at + 1]!]!
    const narrow = this.#halves
    for (let at = 0; at < narrow.length; at += 2) halves[narrow[at]!] = stateHalves[narrow[at + 1]!]!
  }
}

function pairs({ offset, bytes }: MovedPlace['vmcs'], state: number): readonly number[] {
  const first = [offset >> 2, state >> 2]
  return bytes === 4 ? first : [...first, (offset >> 2) + 1, (state >> 2) + 1]
}
