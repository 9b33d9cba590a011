import type { MemoryOp, ValueType } from '@vmm/wasm-encoder'
import type { Code, Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

export type KeptWidth = 8 | 16 | 32 | 64 | 128

interface Moves {
  readonly type: ValueType
  readonly load: MemoryOp
  readonly store: MemoryOp
}

const moves: Readonly<Record<KeptWidth, Moves>> = {
  8: { type: 'i32', load: 'i32.load8_u', store: 'i32.store8' },
  16: { type: 'i32', load: 'i32.load16_u', store: 'i32.store16' },
  32: { type: 'i32', load: 'i32.load', store: 'i32.store' },
  64: { type: 'i64', load: 'i64.load', store: 'i64.store' },
  128: { type: 'v128', load: 'v128.load', store: 'v128.store' },
}

interface Kept extends Moves {
  readonly local: Local
  readonly place: number
  written: boolean
}

/** Parts of the state in locals of a region, each loaded before it and stored behind it if the region uses it. */
export class KeptLocals {
  readonly #code: Code
  readonly #cpu: Node
  readonly #kept = new Map<number, Kept>()

  constructor(code: Code, cpu: Node) {
    this.#code = code
    this.#cpu = cpu
  }

  /** The local of what is so many bits wide at a place of the state. */
  at(place: number, width: KeptWidth): Local {
    return this.#keptAt(place, width).local
  }

  /** The same, to be set. */
  toSet(place: number, width: KeptWidth): Local {
    const kept = this.#keptAt(place, width)
    kept.written = true
    return kept.local
  }

  /** Brings into locals what the region uses. To be called when all of it has been emitted, for a place before it. */
  fetch(): void {
    for (const { local, place, load } of this.#kept.values()) local.set(this.#code.load(load, this.#cpu, place))
  }

  /** Puts back what the region changes. To be called when all of it has been emitted. */
  putBack(): void {
    for (const { local, place, store, written } of this.#kept.values())
      if (written) this.#code.store(store, this.#cpu, local.get(), place)
  }

  #keptAt(place: number, width: KeptWidth): Kept {
    let kept = this.#kept.get(place)
    if (kept === undefined) {
      kept = { ...moves[width], local: this.#code.permanent(moves[width].type), place, written: false }
      this.#kept.set(place, kept)
    }
    return kept
  }
}
