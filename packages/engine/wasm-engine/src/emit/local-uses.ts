import { ByteWriter, type ValueType } from '@vmm/wasm-encoder'

/** Something about a place in the code. */
export interface Mark {
  readonly at: number
}

/** A function with its locals in place. */
export interface Placed<M extends Mark> {
  readonly locals: readonly ValueType[]
  readonly bytes: Uint8Array
  /** Where they have come to. */
  readonly marks: readonly M[]
}

/** What is being put together: one function at a time. */
const out = new ByteWriter()

interface Loop {
  readonly begins: number
  /** Locals of before that are used inside. */
  readonly through: number[]
}

/**
 * Where a function uses its locals, found while it is written. Two whose uses do not overlap share a place: what V8 does at
 * every branch it does for each local.
 */
export class LocalUses {
  readonly #types: ValueType[]
  /** By use: the local, or -1 less the number of the loop that ends there. */
  readonly #locals: number[] = []
  /** By use: where in the code the place is to be named; -1 where it is only taken. */
  readonly #offsets: number[] = []
  /** First and last use by local. */
  readonly #first: (number | undefined)[] = []
  readonly #last: number[] = []
  readonly #open: Loop[] = []
  readonly #ended: Loop[] = []

  /** `types` of the locals that there are. */
  constructor(types: readonly ValueType[]) {
    this.#types = [...types]
  }

  /** One more local. */
  add(type: ValueType): number {
    return this.#types.push(type) - 1
  }

  /** A local is used at an offset in the code, which has nothing there yet. */
  use(local: number, offset: number): void {
    const now = this.#locals.push(local) - 1
    this.#offsets.push(offset)
    const first = this.#first[local]
    if (first === undefined) this.#first[local] = now
    else if (this.#open.length > 0) this.#open.find(({ begins }) => begins > first)?.through.push(local)
    this.#last[local] = now
  }

  /** It has its place from here on, though it is used later. */
  begin(local: number): void {
    this.use(local, -1)
  }

  beginLoop(): void {
    this.#open.push({ begins: this.#locals.length, through: [] })
  }

  endLoop(offset: number): void {
    const loop = this.#open.pop()!
    if (loop.through.length === 0) return
    for (const local of loop.through) this.#last[local] = this.#locals.length
    this.#locals.push(-this.#ended.push(loop))
    this.#offsets.push(offset)
  }

  /** Gives each local its place, `fixed` ones their own and the first, and names them in the code. */
  placed<M extends Mark>(fixed: readonly number[], code: Uint8Array, marks: readonly M[]): Placed<M> {
    const places = new Places(this.#types, fixed)
    out.clear()
    const moved: M[] = []
    let from = 0
    const copyTo = (to: number) => {
      for (let mark = marks[moved.length]; mark !== undefined && mark.at < to; mark = marks[moved.length])
        moved.push({ ...mark, at: out.length + mark.at - from })
      out.bytes(code, from, to)
      from = to
    }
    for (let use = 0; use < this.#locals.length; use += 1) {
      const local = this.#locals[use]!
      const offset = this.#offsets[use]!
      const done = local < 0 ? this.#ended[-1 - local]!.through : [local]
      if (local >= 0) {
        const place = places.of(local)
        if (offset >= 0) {
          copyTo(offset)
          out.unsigned(place)
        }
      }
      for (const each of done) if (this.#last[each] === use) places.free(each)
    }
    copyTo(code.length)
    return { locals: places.types, bytes: out.view().slice(), marks: moved }
  }
}

/** Places of locals, given out again when they are free. */
class Places {
  readonly #typeOf: readonly ValueType[]
  readonly types: ValueType[] = []
  readonly #place: (number | undefined)[] = []
  readonly #fixed: number
  readonly #spare: Partial<Record<ValueType, number[]>> = {}

  constructor(typeOf: readonly ValueType[], fixed: readonly number[]) {
    this.#typeOf = typeOf
    this.#fixed = fixed.length
    for (const local of fixed) this.#place[local] = this.types.push(typeOf[local]!) - 1
  }

  of(local: number): number {
    const known = this.#place[local]
    if (known !== undefined) return known
    const type = this.#typeOf[local]!
    const place = this.#spare[type]?.pop() ?? this.types.push(type) - 1
    this.#place[local] = place
    return place
  }

  free(local: number): void {
    const place = this.#place[local]
    if (place === undefined || place < this.#fixed) return
    const type = this.#typeOf[local]!
    const spare = this.#spare[type]
    if (spare === undefined) this.#spare[type] = [place]
    else spare.push(place)
    this.#place[local] = undefined
  }
}
