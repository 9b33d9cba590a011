import type { StateField } from '@vmm/x86-registers'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { at, inReach, reachBytes } from '../state-layout.ts'
import type { StateView } from '../state-view.ts'
import { steadyOf } from './steady.ts'

/** As many bytes as a segment has that reaches from 0 to the top of 32-bit addresses. */
const flatBytes = 1n << 32n
const segments = [0, 1, 2, 3, 4, 5] as const

/** What a region may rest on: it is for a processor alone that has it so. */
export interface Premised {
  /** Segments, by number, that are plain memory from 0 to the top. */
  readonly flat: ReadonlySet<number>
  /** Fields that have a value which no instruction of the region changes. */
  readonly steady: ReadonlyMap<StateField, bigint>
}

/** How a processor has it now. */
export function premisesOf(state: StateView): Premised {
  const isFlat = (segment: number) => {
    const place = at.reach + segment * reachBytes
    return state.long(place + inReach.bytes) === flatBytes && state.long(place + inReach.base) === 0n
  }
  return { flat: new Set(segments.filter(isFlat)), steady: steadyOf(state) }
}

/** What the code of a region took for granted, to be looked at before it. */
export class Premises {
  readonly #code: Code
  readonly #cpu: Node
  readonly #premised: Premised
  readonly #flatUsed = new Set<number>()
  readonly #steadyUsed = new Set<StateField>()

  constructor(code: Code, cpu: Node, premised: Premised) {
    this.#code = code
    this.#cpu = cpu
    this.#premised = premised
  }

  isFlat(segment: Node): boolean {
    if (segment.operation.kind !== 'constant') return false
    const number = Number(segment.operation.value)
    if (!this.#premised.flat.has(number)) return false
    this.#flatUsed.add(number)
    return true
  }

  steady(field: StateField): bigint | undefined {
    const value = this.#premised.steady.get(field)
    if (value !== undefined) this.#steadyUsed.add(field)
    return value
  }

  /** For each of them whether it is otherwise. To be called when all of the region has been emitted. */
  *broken(): Iterable<Node> {
    for (const segment of this.#flatUsed) yield this.#isNotFlat(segment)
    for (const field of this.#steadyUsed) yield this.#hasChanged(field)
  }

  #isNotFlat(segment: number): Node {
    const code = this.#code
    const place = at.reach + segment * reachBytes
    const bytes = code.load('i64.load', this.#cpu, place + inReach.bytes)
    const base = code.load('i64.load', this.#cpu, place + inReach.base)
    const isShort = code.op('i64.ne', bytes, code.i64(flatBytes))
    return code.op('i32.or', isShort, code.op('i64.ne', base, code.i64(0n)))
  }

  /** Control registers are 64 bits. */
  #hasChanged(field: StateField): Node {
    const code = this.#code
    return code.op('i64.ne', code.load('i64.load', this.#cpu, at[field]), code.i64(this.#premised.steady.get(field)!))
  }
}
