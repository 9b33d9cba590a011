import { type ProcessorRegisters, type StateField, type StateMemory, stateFields } from '@vmm/x86-registers'
import { oncePerMemory } from './once-per-memory.ts'

/** The lower 32 bits of a field, unsigned. Setting them makes the rest of it zero. */
export interface StateCell {
  word: number
}

const cellFields = [
  ...['CR0', 'CR4', 'IA32_EFER', 'RFLAGS', 'DR7', 'CPL', 'VMX', 'EPTP', 'EPT_CONTROLS', 'CS.access', 'SS.access'],
  ...['SHADOW', 'SHADOW_KIND', 'NMI_BLOCKED', 'PENDING_DEBUG', 'REPEATING', 'UNSTEPPED', 'MONITOR', 'APIC_ACCESS'],
  ...['CR0_REQUIRED', 'CR4_REQUIRED'],
] as const satisfies readonly StateField[]

/** Fields that every transition looks at, or changes, one by one. */
export type StateCells = Readonly<Record<(typeof cellFields)[number], StateCell>>

const cellsInMemory = oncePerMemory((memory) => cellsOf((field) => cellIn(memory, field)))

/** The cells of a processor: made once of one that tells where its state is, and names for every other. */
export function stateCells(registers: ProcessorRegisters): StateCells {
  const { stateMemory } = registers
  if (stateMemory === undefined) return cellsOf((field) => new NamedCell(registers, field))
  return cellsInMemory(stateMemory)
}

/** A copy, because what has grown name by name is a hash table to V8, several times as slow to read. */
function cellsOf(cell: (field: StateField) => StateCell): StateCells {
  return { ...(Object.fromEntries(cellFields.map((field) => [field, cell(field)])) as StateCells) }
}

function cellIn(memory: StateMemory, field: StateField): StateCell {
  const offset = memory.offset(field)
  return stateFields[field] === 8 ? new ByteCell(memory, offset) : new WordCell(memory, offset, stateFields[field])
}

class WordCell {
  readonly #words: Uint32Array
  readonly #at: number
  readonly #isWide: boolean

  constructor({ buffer }: StateMemory, offset: number, bits: number) {
    this.#words = new Uint32Array(buffer)
    this.#at = offset >> 2
    this.#isWide = bits === 64
  }

  get word(): number {
    return this.#words[this.#at]!
  }

  set word(value: number) {
    this.#words[this.#at] = value
    if (this.#isWide) this.#words[this.#at + 1] = 0
  }
}

class ByteCell {
  readonly #bytes: Uint8Array
  readonly #at: number

  constructor({ buffer }: StateMemory, offset: number) {
    this.#bytes = new Uint8Array(buffer)
    this.#at = offset
  }

  get word(): number {
    return this.#bytes[this.#at]!
  }

  set word(value: number) {
    this.#bytes[this.#at] = value
  }
}

class NamedCell {
  readonly #registers: ProcessorRegisters
  readonly #field: StateField

  constructor(registers: ProcessorRegisters, field: StateField) {
    this.#registers = registers
    this.#field = field
  }

  get word(): number {
    return this.#registers.word(this.#field)
  }

  set word(value: number) {
    this.#registers.setWord(this.#field, value)
  }
}
