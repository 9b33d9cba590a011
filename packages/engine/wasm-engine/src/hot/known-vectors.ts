import type { Node } from '../emit/node.ts'

/**
 * Formats in which the numbers of a vector are tame: zero, normal or infinite, in the lowest lane (`f64`) or in all of them
 * (`f64x2`). Only what is not tame can raise DE or IE by itself.
 */
export type Tame = 'f32' | 'f64' | 'f32x4' | 'f64x2'

/** What is known of a vector register where code is being emitted. */
interface Contents {
  /** The lowest lane as a float, computed once. */
  readonly low: Node | undefined
  readonly tame: ReadonlySet<Tame>
}

const nothing: Contents = { low: undefined, tame: new Set() }

/** The lowest lane is tame if all are. */
const lowestOf: Readonly<Partial<Record<Tame, Tame>>> = { f64: 'f64x2', f32: 'f32x4' }

/** What is certain of the vector registers of a region at the place that is being emitted. */
export class KnownVectors {
  #registers = new Map<number, Contents>()
  readonly #values = new WeakMap<Node, Contents>()

  /** A float or a vector is tame. */
  note(value: Node, tame: Tame): void {
    const { low, tame: before } = this.#values.get(value) ?? nothing
    this.#values.set(value, { low, tame: new Set([...before, tame]) })
  }

  isTame(value: Node, tame: Tame): boolean {
    const known = this.#values.get(value)?.tame
    const all = lowestOf[tame]
    return known !== undefined && (known.has(tame) || (all !== undefined && known.has(all)))
  }

  /** The lowest lane of a register as a float, where it is at hand. */
  lowOf(place: number, type: 'f32' | 'f64'): Node | undefined {
    const low = this.#registers.get(place)?.low
    return low?.type === type ? low : undefined
  }

  /** A node now holds the lowest lane of a register as a float. */
  foundLow(place: number, low: Node): void {
    const { tame } = this.#registers.get(place) ?? nothing
    this.#registers.set(place, { low, tame })
    this.#values.set(low, { low: undefined, tame })
  }

  /** A node is a register's whole value. */
  read(place: number, value: Node): Node {
    const known = this.#registers.get(place)
    if (known !== undefined) this.#values.set(value, known)
    return value
  }

  /** A register holds a vector from here on. */
  written(place: number, value: Node): void {
    this.#registers.set(place, this.#values.get(value) ?? nothing)
  }

  /** The lowest float of a register is another one. */
  writtenLow(place: number, low: Node): void {
    const type = low.type as 'f32' | 'f64'
    const all = lowestOf[type]!
    const others = this.#registers.get(place)?.tame.has(all) === true
    this.#registers.set(place, { low, tame: new Set(this.isTame(low, type) ? [others ? all : type] : []) })
  }

  /** A register has changed in some other way. */
  lost(place: number): void {
    this.#registers.delete(place)
  }

  /** Anything may have happened. */
  forget(): void {
    this.#registers.clear()
  }

  /** What stays known where the nodes of this block are gone. */
  carried(): ReadonlyMap<number, Contents> {
    return new Map([...this.#registers].map(([place, contents]) => [place, this.#withoutNodes(contents)]))
  }

  #withoutNodes({ low, tame }: Contents): Contents {
    const type = low?.type as 'f32' | 'f64' | undefined
    const isTame = type !== undefined && this.isTame(low!, type)
    return { low: undefined, tame: isTame ? new Set([...tame, type]) : tame }
  }

  restore(known: ReadonlyMap<number, Contents>): void {
    this.#registers = new Map(known)
  }
}
