import {
  type ProcessorRegisters,
  type StateField,
  type StateMemory,
  type StateMove,
  stateFields,
} from '@vmm/x86-registers'
import { oncePerMemory } from './once-per-memory.ts'

/** A field and what it becomes: a number of at most 32 bits. */
export type FixedField = readonly [StateField, number]

/** Fields of a processor that become the same at each transition. */
export class FixedFields {
  readonly #rows: readonly FixedField[]
  readonly #compiledIn = oncePerMemory((memory) => ({ set: memory.compile!(fixedMoves(this.#rows, memory)) }))

  constructor(rows: readonly FixedField[]) {
    this.#rows = rows
  }

  /** They become it. */
  set(registers: ProcessorRegisters): void {
    const { stateMemory } = registers
    if (stateMemory?.compile !== undefined) this.#compiledIn(stateMemory).set()
    else for (const row of this.#rows) fix(registers, row)
  }
}

/** One of them does; RFLAGS is meant whole. */
export function fix(registers: ProcessorRegisters, [field, value]: FixedField): void {
  if (field === 'RFLAGS') registers.setRflags(BigInt(value))
  else registers.setWord(field, value)
}

/** The same as moves. */
export function fixedMoves(rows: readonly FixedField[], memory: StateMemory): readonly StateMove[] {
  return rows.map(([field, value]) => ({
    to: field === 'RFLAGS' ? field : { offset: memory.offset(field), bytes: stateFields[field] / 8 },
    from: value,
  }))
}
