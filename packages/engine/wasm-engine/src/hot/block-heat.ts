import { inBlock } from '../state-layout.ts'
import { type KeptHeat, nameOfCode, type Warmth, warmth } from './kept-heat.ts'

/** A decoded block: the name of its code, what it was in earlier starts, and how often it was to be entered when it was decoded. */
interface Decoded {
  readonly name: number
  readonly before: Warmth | undefined
  readonly heat: number
}

/** Where a block's bytes lie. */
export interface Decoding {
  readonly host: number
  readonly end: number
  readonly mode: number
}

/** Which blocks earlier starts knew as hot, and what later ones are to know. */
export class BlockHeat {
  readonly #kept: KeptHeat
  readonly #threshold: number
  readonly #entries: number
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #decoded = new Map<number, Decoded>()

  /** `threshold`: how often code is entered that is hot; `entries`: how often what was hot before is, until it asks for a region. */
  constructor(
    kept: KeptHeat,
    { threshold, entries }: { readonly threshold: number; readonly entries: number },
    buffer: SharedArrayBuffer,
  ) {
    this.#kept = kept
    this.#threshold = threshold
    this.#entries = entries
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
  }

  /** A block has been decoded. */
  decoded(block: number, { host, end, mode }: Decoding): void {
    const name = nameOfCode(this.#bytes, host, end, mode)
    const before = this.#kept.of(name)
    const usual = this.#heatNow(block)
    const heat = before === undefined ? usual : Math.min(usual, this.#entries)
    this.#decoded.set(block, { name, before, heat })
    this.#view.setInt32(block + inBlock.heat, heat, true)
  }

  /** What a block's code was in earlier starts, if it was hot. */
  before(block: number): Warmth | undefined {
    return this.#decoded.get(block)?.before
  }

  /** How often a block is entered before it asks, where that is not as often as any other. */
  entriesOf(block: number): number | undefined {
    return this.before(block) === undefined ? undefined : this.#entries
  }

  /** A block belongs to a region now. */
  note(block: number, now: Warmth): void {
    const decoded = this.#decoded.get(block)
    if (decoded !== undefined) this.#kept.note(decoded.name, now)
  }

  /** A block is gone. */
  forget(block: number): void {
    this.#noteEntries(block)
    this.#decoded.delete(block)
  }

  /** All of them are. */
  forgetAll(): void {
    this.noteAll()
    this.#decoded.clear()
  }

  /** Notes what has been entered often by now. */
  noteAll(): void {
    for (const block of this.#decoded.keys()) this.#noteEntries(block)
  }

  #noteEntries(block: number): void {
    const decoded = this.#decoded.get(block)
    if (decoded === undefined) return
    const often = decoded.before === undefined ? this.#threshold : decoded.heat
    if (decoded.heat - this.#heatNow(block) >= often) this.#kept.note(decoded.name, warmth.entered)
  }

  #heatNow(block: number): number {
    return this.#view.getInt32(block + inBlock.heat, true)
  }
}
