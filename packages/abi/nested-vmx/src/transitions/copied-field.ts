import type { ProcessorRegisters, StateField, StateMemory } from '@vmm/x86-registers'
import { oncePerMemory } from './once-per-memory.ts'

/** A field of 64 bits of a processor that becomes what another one is. */
export class CopiedField {
  readonly #from: StateField
  readonly #to: StateField
  readonly #wordsIn = oncePerMemory((memory) => new CopiedWords(memory, this.#from, this.#to))

  constructor(from: StateField, to: StateField) {
    this.#from = from
    this.#to = to
  }

  /** It becomes it. */
  copy(registers: ProcessorRegisters): void {
    const { stateMemory } = registers
    if (stateMemory === undefined) registers.set(this.#to, registers.get(this.#from))
    else this.#wordsIn(stateMemory).copy()
  }
}

/** The same by their places in memory. */
class CopiedWords {
  readonly #words: Int32Array
  readonly #from: number
  readonly #to: number

  constructor(memory: StateMemory, from: StateField, to: StateField) {
    this.#words = new Int32Array(memory.buffer)
    this.#from = memory.offset(from) >> 2
    this.#to = memory.offset(to) >> 2
  }

  copy(): void {
    const words = this.#words
    const [from, to] = [this.#from, this.#to]
    words[to] = words[from]!
    words[to + 1] = words[from + 1]!
  }
}
