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

/** The same by their places in memory: the number of each and its value, one pair behind another. */
class FixedWords {
  readonly #words: Int32Array
  readonly #halves: Uint16Array
  readonly #bytes: Uint8Array
  readonly #wide: Int32Array
  readonly #narrow: Int32Array
  readonly #single: Int32Array

  constructor(memory: StateMemory, rows: readonly FixedField[]) {
    this.#words = new Int32Array(memory.buffer)
    this.#halves = new Uint16Array(memory.buffer)
    this.#bytes = new Uint8Array(memory.buffer)
    this.#wide = Int32Array.from(rows.flatMap((row) => wordsOf(row, memory)))
    this.#narrow = placesOf(rows, memory, 16)
    this.#single = placesOf(rows, memory, 8)
  }

  set(): void {
    // three loops, because one that has seen three kinds of arrays is slow with each
    const [words, halves, bytes] = [this.#words, this.#halves, this.#bytes]
    const [wide, narrow, single] = [this.#wide, this.#narrow, this.#single]
    for (let at = 0; at < wide.length; at += 2) words[wide[at]!] = wide[at + 1]!
    for (let at = 0; at < narrow.length; at += 2) halves[narrow[at]!] = narrow[at + 1]!
    for (let at = 0; at < single.length; at += 2) bytes[single[at]!] = single[at + 1]!
  }
}

function wordsOf([field, value]: FixedField, memory: StateMemory): readonly number[] {
  const word = memory.offset(field) >> 2
  if (stateFields[field] < 32) return []
  return stateFields[field] === 32 ? [word, value] : [word, value, word + 1, 0]
}

function placesOf(rows: readonly FixedField[], memory: StateMemory, bits: 8 | 16): Int32Array {
  const fixed = rows.filter(([field]) => stateFields[field] === bits)
  return Int32Array.from(fixed.flatMap(([field, value]) => [memory.offset(field) / (bits / 8), value]))
}
