import { type ProcessorRegisters, type StateField, type StateMemory, stateFields } from '@vmm/x86-registers'
import { oncePerMemory } from './once-per-memory.ts'

/** A field and what it becomes: a number of at most 32 bits. */
export type FixedField = readonly [StateField, number]

/** Fields of a processor that become the same at each transition. */
export class FixedFields {
  readonly #rows: readonly FixedField[]
  readonly #wordsIn = oncePerMemory((memory) => new FixedWords(memory, this.#rows))

  constructor(rows: readonly FixedField[]) {
    this.#rows = rows
  }

  /** They become it. */
  set(registers: ProcessorRegisters): void {
    const { stateMemory } = registers
    if (stateMemory === undefined) for (const [field, value] of this.#rows) registers.setWord(field, value)
    else this.#wordsIn(stateMemory).set()
  }
}

/** The same by their places in memory: its number and its value, one pair behind another. */
class FixedWords {
  readonly #words: Int32Array
  readonly #narrow: DataView
  readonly #pairs: Int32Array
  readonly #narrowRows: readonly (readonly [offset: number, bytes: 1 | 2, value: number])[]

  constructor(memory: StateMemory, rows: readonly FixedField[]) {
    this.#words = new Int32Array(memory.buffer)
    this.#narrow = new DataView(memory.buffer)
    this.#pairs = Int32Array.from(rows.flatMap((row) => wordsOf(row, memory)))
    this.#narrowRows = rows
      .filter(([field]) => stateFields[field] < 32)
      .map(([field, value]) => [memory.offset(field), stateFields[field] === 8 ? 1 : 2, value])
  }

  set(): void {
    const words = this.#words
    const pairs = this.#pairs
    for (let at = 0; at < pairs.length; at += 2) words[pairs[at]!] = pairs[at + 1]!
    for (const [offset, bytes, value] of this.#narrowRows)
      if (bytes === 1) this.#narrow.setUint8(offset, value)
      else this.#narrow.setUint16(offset, value, true)
  }
}

function wordsOf([field, value]: FixedField, memory: StateMemory): readonly number[] {
  const word = memory.offset(field) >> 2
  if (stateFields[field] < 32) return []
  return stateFields[field] === 32 ? [word, value] : [word, value, word + 1, 0]
}
