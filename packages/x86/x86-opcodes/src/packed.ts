import type { Source } from '@vmm/source'
import { type EncodingSpace, parseOpcode } from './opcode-pattern.ts'
import { packedRows } from './packed.rows.ts'
import { type Attribute, encodingOf, type OpcodeRow, type OperandCode, type OperandEncoding } from './row.ts'

/** Where a row's columns begin in its line, and their digits. All but the opcode byte, which is in hexadecimal, are numbers of base 36: places in a list. */
const columns = {
  ...{ prefix: [0, 2], byte: [2, 2], suffix: [4, 2], operands: [6, 2], attributes: [8, 2] },
  ...{ needs: [10, 2], source: [12, 2], mnemonic: [14, 3] },
} as const satisfies Readonly<Record<string, readonly [from: number, digits: number]>>
const lineLength = 18

type Column = keyof typeof columns
type Listed = Exclude<Column, 'byte' | 'source'>

/** Digits are 0 to 9 and a to z. */
function digit(at: number): number {
  const code = packedRows.rows.charCodeAt(at)
  return code < 58 ? code - 48 : code - 87
}

function numberIn(row: number, column: Column, base = 36): number {
  const [from, digits] = columns[column]
  const first = row * lineLength + from
  let value = 0
  for (let at = first; at < first + digits; at += 1) value = value * base + digit(at)
  return value
}

const byteOf = (row: number): number => numberIn(row, 'byte', 16)

const lists = new Map<Listed, readonly string[]>()

/** What a column says of a row. */
function textIn(row: number, column: Listed): string {
  let list = lists.get(column)
  if (list === undefined) {
    list = packedRows[column].split('|')
    lists.set(column, list)
  }
  return list[numberIn(row, column)]!
}

const split = new Map<string, readonly string[]>([['', []]])

/** Words with blanks between them; the same words are the same list. */
function wordsOf(text: string): readonly string[] {
  let words = split.get(text)
  if (words === undefined) {
    words = text.split(' ')
    split.set(text, words)
  }
  return words
}

function unpacked(row: number): OpcodeRow {
  const byte = byteOf(row).toString(16).toUpperCase().padStart(2, '0')
  const operands = wordsOf(textIn(row, 'operands')) as readonly OperandCode[]
  return {
    opcode: textIn(row, 'prefix') + byte + textIn(row, 'suffix'),
    encoding: encodingOf(operands),
    operands,
    mnemonic: textIn(row, 'mnemonic'),
    attributes: wordsOf(textIn(row, 'attributes')) as readonly Attribute[],
    needs: textIn(row, 'needs') || undefined,
    source: packedRows.sources[numberIn(row, 'source')]!,
  }
}

/** A row that is unpacked when it is first asked. */
class PackedRow implements OpcodeRow {
  readonly #number: number
  #row: OpcodeRow | undefined

  constructor(number: number) {
    this.#number = number
  }

  get #unpacked(): OpcodeRow {
    this.#row ??= unpacked(this.#number)
    return this.#row
  }

  get opcode(): string {
    return this.#unpacked.opcode
  }

  get encoding(): OperandEncoding {
    return this.#unpacked.encoding
  }

  get operands(): readonly OperandCode[] {
    return this.#unpacked.operands
  }

  get mnemonic(): string {
    return this.#unpacked.mnemonic
  }

  get attributes(): readonly Attribute[] {
    return this.#unpacked.attributes
  }

  get needs(): string | undefined {
    return this.#unpacked.needs
  }

  get source(): Source {
    return this.#unpacked.source
  }
}

/** Every row of the maps, once: a row's number is its place in this list. Rows are objects whose members are read when they are asked for: copy them by name. */
export const rows: readonly OpcodeRow[] = /* @__PURE__ */ Array.from(
  { length: packedRows.rows.length / lineLength },
  (_, number) => new PackedRow(number),
)

/** Where the rows of one opcode byte are: its space, its map as `OpcodePattern` has it, and the byte, the first of eight where a register is in it. */
export interface OpcodePlace {
  readonly space: EncodingSpace
  readonly map: number
  readonly byte: number
  readonly register: boolean
}

/** The places of all rows, in their order: cheaper than `parseOpcode` of each. */
export function opcodePlaces(): readonly OpcodePlace[] {
  const spaces: (Pick<OpcodePlace, 'space' | 'map'> | undefined)[] = packedRows.prefix.split('|').map(() => undefined)
  const registers = packedRows.suffix.split('|').map((suffix) => suffix.startsWith('+r'))
  return rows.map((row, number) => {
    const prefix = numberIn(number, 'prefix')
    spaces[prefix] ??= parseOpcode(row.opcode)
    const { space, map } = spaces[prefix]
    return { space, map, byte: byteOf(number), register: registers[numberIn(number, 'suffix')]! }
  })
}
