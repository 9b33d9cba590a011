import { type StateField, stateFields } from '@vmm/x86-registers'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import type { FieldBank } from '../reading/frame.ts'
import { at } from '../state-layout.ts'
import { KeptLocals } from './kept-locals.ts'

/** What instructions of the x87 change each time: nobody but they looks at it while a region runs. */
const fields: ReadonlySet<StateField> = new Set<StateField>(['FCW', 'FSW', 'FTW', 'FIP', 'FDP'])

/** Fields of the x87 in locals of a region, each loaded before it and stored behind it if the region uses it. */
export class FieldsInLocals implements FieldBank {
  readonly #code: Code
  readonly #kept: KeptLocals
  readonly #shown: ((build: () => void) => void)[] = []

  constructor(code: Code, cpu: Node) {
    this.#code = code
    this.#kept = new KeptLocals(code, cpu)
  }

  /** The field's value, or undefined if it is where everybody finds it. */
  get(field: StateField): Node | undefined {
    return fields.has(field) ? this.#kept.at(at[field], stateFields[field]).get() : undefined
  }

  /** Sets a field; false if it belongs where everybody finds it. */
  set(field: StateField, value: Node): boolean {
    if (!fields.has(field)) return false
    this.#kept.toSet(at[field], stateFields[field]).set(value)
    return true
  }

  /** Brings into locals what the region uses. To be called when all of it has been emitted, for a place before it. */
  fetch(): void {
    this.#kept.fetch()
  }

  show(): void {
    // what else the region changes is known at its end
    this.#shown.push(this.#code.later('fields'))
  }

  /** Puts back what the region changes, here and where it is shown. To be called when all of it has been emitted. */
  putBack(): void {
    for (const place of this.#shown.splice(0)) place(() => this.#kept.putBack())
    this.#kept.putBack()
  }
}
