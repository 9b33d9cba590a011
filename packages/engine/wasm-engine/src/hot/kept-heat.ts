/** How hot code was: taken into a region by another, entered by one of its own, or by one of all that it leads to. */
export type Warmth = 1 | 2 | 3
export const warmth = { taken: 1, entered: 2, whole: 3 } as const satisfies Record<string, Warmth>

/** Names that are kept at most, and writes that one outlives in which its code was not hot. */
const namesAtMost = 16_384
const oldest = 7

/** {name: f64, warmth: u8, age: u8} */
const nameBytes = 10

interface Kept {
  readonly warmth: Warmth
  readonly age: number
}

const isWarmth = (value: number): value is Warmth => value >= warmth.taken && value <= warmth.whole

/** What was hot, by the names of code: in earlier starts, and in this one. */
export class KeptHeat {
  readonly #before: ReadonlyMap<number, Kept>
  readonly #now = new Map<number, Warmth>()
  #isOther = false

  /** `bytes`: what an earlier start kept. */
  constructor(bytes: Uint8Array | undefined) {
    this.#before = new Map(bytes === undefined ? [] : namesIn(bytes))
  }

  /** What code was in earlier starts, if it was hot. */
  of(name: number): Warmth | undefined {
    return this.#before.get(name)?.warmth
  }

  /** Code is hot in this start, too. */
  note(name: number, now: Warmth): void {
    const known = this.#now.get(name) ?? 0
    if (now <= known) return
    this.#now.set(name, now)
    if (now > (this.of(name) ?? 0)) this.#isOther = true
  }

  /** What is worth keeping, this start's names first and then those that were hot lately; undefined if no name is new. */
  bytes(): Uint8Array<ArrayBuffer> | undefined {
    if (!this.#isOther) return undefined
    const now = [...this.#now].map(([name, each]) => [name, { warmth: each, age: 0 }] as const)
    const before = [...this.#before]
      .filter(([name, { age }]) => !this.#now.has(name) && age < oldest)
      .map(([name, { warmth: each, age }]) => [name, { warmth: each, age: age + 1 }] as const)
      .sort(([, a], [, b]) => a.age - b.age)
    return bytesOf([...now, ...before].slice(0, namesAtMost))
  }
}

function bytesOf(names: readonly (readonly [name: number, Kept])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(names.length * nameBytes)
  const view = new DataView(bytes.buffer)
  for (const [index, [name, { warmth: each, age }]] of names.entries()) {
    const at = index * nameBytes
    view.setFloat64(at, name, true)
    view.setUint8(at + 8, each)
    view.setUint8(at + 9, age)
  }
  return bytes
}

function* namesIn(bytes: Uint8Array): Iterable<[name: number, Kept]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + nameBytes <= bytes.length && at < namesAtMost * nameBytes; at += nameBytes) {
    const each = view.getUint8(at + 8)
    if (isWarmth(each)) yield [view.getFloat64(at, true), { warmth: each, age: view.getUint8(at + 9) }]
  }
}

/**
 * Code by what it is: its bytes, where in its page they begin, and the mode they were decoded for. 53 bits: two of a name are taken for one another,
 * which only makes one of them be compiled early.
 */
export function nameOfCode(bytes: Uint8Array, from: number, to: number, mode: number): number {
  let high = Math.imul(0x811c_9dc5 ^ mode, 0x0100_0193)
  let low = from & 0xfff
  for (let at = from; at < to; at += 1) {
    high = Math.imul(high ^ bytes[at]!, 0x0100_0193)
    low = Math.imul(low + bytes[at]!, 0x9e37_79b1)
    low ^= low >>> 15
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0)
}
