import { type StateField, stateFields } from '@vmm/x86-registers'
import type { Code, Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import type { FieldBank } from '../reading/frame.ts'
import { at } from '../state-layout.ts'

interface Kept {
  readonly local: Local
  readonly field: StateField
  written: boolean
}

/** What instructions of the x87 change each time: nobody but they looks at it while a region runs. */
const fields: ReadonlySet<StateField> = new Set<StateField>(['FCW', 'FSW', 'FTW', 'FIP', 'FDP'])

const loads = { 8: 'i32.load8_u', 16: 'i32.load16_u', 32: 'i32.load', 64: 'i64.load' } as const
const stores = { 8: 'i32.store8', 16: 'i32.store16', 32: 'i32.store', 64: 'i64.store' } as const

/** Fields of the x87 in locals of a region, each loaded before it and stored behind it if the region uses it. */
export class FieldsInLocals implements FieldBank {
  readonly #code: Code
  readonly #cpu: Node
  readonly #kept = new Map<StateField, Kept>()
  readonly #shown: ((build: () => void) => void)[] = []

  constructor(code: Code, cpu: Node) {
    this.#code = code
    this.#cpu = cpu
  }

  /** The field's value, or undefined if it is where everybody finds it. */
  get(field: StateField): Node | undefined {
    return fields.has(field) ? this.#keptAt(field).local.get() : undefined
  }

  /** Sets a field; false if it belongs where everybody finds it. */
  set(field: StateField, value: Node): boolean {
    if (!fields.has(field)) return false
    const kept = this.#keptAt(field)
    kept.written = true
    kept.local.set(value)
    return true
  }

  /** Brings into locals what the region uses. To be called when all of it has been emitted, for a place before it. */
  fetch(): void {
    for (const { local, field } of this.#kept.values())
      local.set(this.#code.load(loads[stateFields[field]], this.#cpu, at[field]))
  }

  show(): void {
    // what else the region changes is known at its end
    this.#shown.push(this.#code.later('fields'))
  }

  /** Puts back what the region changes, here and where it is shown. To be called when all of it has been emitted. */
  putBack(): void {
    for (const place of this.#shown.splice(0)) place(() => this.putBack())
    for (const { local, field, written } of this.#kept.values())
      if (written) this.#code.store(stores[stateFields[field]], this.#cpu, local.get(), at[field])
  }

  #keptAt(field: StateField): Kept {
    let kept = this.#kept.get(field)
    if (kept === undefined) {
      kept = { local: this.#code.permanent(stateFields[field] === 64 ? 'i64' : 'i32'), field, written: false }
      this.#kept.set(field, kept)
    }
    return kept
  }
}
