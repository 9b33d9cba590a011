/** What 64-bit code needs that runs without being watched; everything else is the same for all of it. */
export interface PlainMode {
  readonly word: number
  readonly programViews: number
  readonly processorViews: number
  readonly canonicalShift: number
}

interface Known {
  readonly inputs: Float64Array
  readonly mode: PlainMode
}

/** A program, its kernel with and without AC, and another program or two. */
const most = 8

/** The last few modes of 64-bit code, by what they were derived from: system calls go to and fro between two of them. */
export class RecentModes {
  readonly #known: Known[] = []
  #next = 0

  find(inputs: Float64Array): PlainMode | undefined {
    for (const known of this.#known) if (areEqual(known.inputs, inputs)) return known.mode
    return undefined
  }

  /** Takes the place of the one that was kept first. */
  keep(inputs: Float64Array, mode: PlainMode): void {
    this.#known[this.#next] = { inputs: inputs.slice(), mode }
    this.#next = (this.#next + 1) % most
  }
}

function areEqual(a: Float64Array, b: Float64Array): boolean {
  for (let index = a.length - 1; index >= 0; index -= 1) if (a[index] !== b[index]) return false
  return true
}
