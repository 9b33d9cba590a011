import type { ValueType } from '@vmm/wasm-encoder'

/** Local variables of a function, of which those that are done with are given out again. */
export class LocalPool {
  readonly locals: ValueType[]
  /** Locals that are done with. */
  #spare = new Map<ValueType, number[]>()
  /** Locals that were made since: they may be given out again later. */
  #fresh: number[] = []

  /** `locals` are there already; it grows with what is added. */
  constructor(locals: ValueType[]) {
    this.locals = locals
  }

  /** A local for now. */
  allocate(type: ValueType): number {
    const again = this.#spare.get(type)?.pop()
    if (again !== undefined) return again
    const index = this.locals.push(type) - 1
    this.#fresh.push(index)
    return index
  }

  /** A local that is never given out again. */
  permanent(type: ValueType): number {
    return this.locals.push(type) - 1
  }

  /** Nothing that follows uses the locals that were given out so far, but for the permanent ones. */
  recycle(): void {
    for (const index of this.#fresh.splice(0)) this.#free(index)
  }

  /** What `build` is given can be given out again after it, and what was spare before it is spare once more. */
  recycling<T>(build: () => T): T {
    const [spare, fresh] = [this.#spare, this.#fresh]
    this.#spare = new Map([...spare].map(([type, list]) => [type, [...list]]))
    this.#fresh = []
    const built = build()
    const done = this.#fresh
    this.#spare = spare
    this.#fresh = fresh
    for (const index of done) this.#free(index)
    return built
  }

  #free(index: number): void {
    const type = this.locals[index]!
    const list = this.#spare.get(type)
    if (list === undefined) this.#spare.set(type, [index])
    else list.push(index)
  }
}
