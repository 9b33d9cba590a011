/** Shapes by the row of the opcode map, a variant, and a key below 2^31: numbers that are found without arithmetic on doubles. */
export class ShapeMap<S> {
  /** By the variant. */
  readonly #variants: (Map<number, S> | undefined)[][] = []

  get(row: number, variant: number, key: number): S | undefined {
    return this.#variants[variant]?.[row]?.get(key)
  }

  set(row: number, variant: number, key: number, shape: S): void {
    while (this.#variants.length <= variant) this.#variants.push([])
    const rows = this.#variants[variant]!
    while (rows.length <= row) rows.push(undefined)
    let shapes = rows[row]
    if (shapes === undefined) {
      shapes = new Map()
      rows[row] = shapes
    }
    shapes.set(key, shape)
  }

  *values(): Generator<S> {
    for (const rows of this.#variants) for (const shapes of rows) if (shapes !== undefined) yield* shapes.values()
  }

  /** Forgets the others. */
  keep(isKept: (shape: S) => boolean): void {
    for (const rows of this.#variants)
      for (const shapes of rows) for (const [key, shape] of shapes ?? []) if (!isKept(shape)) shapes!.delete(key)
  }
}
