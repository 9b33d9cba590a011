import { lateList } from './late-list.ts'
import { type EncodingSpace, type OpcodePattern, parseOpcode } from './opcode-pattern.ts'
import { packedRows } from './packed.rows.ts'
import { type Attribute, encodingOf, type OpcodeRow, type OperandCode } from './row.ts'

/** Where a row's columns begin in its line, and their digits. All but the opcode byte, which is in hexadecimal, are numbers of base 36: places in a list. */
const columns = {
  prefix: { from: 0, digits: 2 },
  byte: { from: 2, digits: 2 },
  suffix: { from: 4, digits: 2 },
  operands: { from: 6, digits: 2 },
  attributes: { from: 8, digits: 2 },
  needs: { from: 10, digits: 2 },
  source: { from: 12, digits: 2 },
  mnemonic: { from: 14, digits: 3 },
} as const
const lineLength = 18

type Column = keyof typeof columns
type Listed = Exclude<Column, 'byte' | 'source'>

function numberIn(row: number, column: Column, base = 36): number {
  const { from, digits } = columns[column]
  const first = row * lineLength + from
  return Number.parseInt(packedRows.rows.slice(first, first + digits), base)
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

/** Operand codes and what they amount to. */
type EncodedOperands = Pick<OpcodeRow, 'operands' | 'encoding'>

const encoded = new Map<string, EncodedOperands>()

function encodedOperands(text: string): EncodedOperands {
  let found = encoded.get(text)
  if (found === undefined) {
    const operands = wordsOf(text) as readonly OperandCode[]
    found = { operands, encoding: encodingOf(operands) }
    encoded.set(text, found)
  }
  return found
}

function unpacked(row: number): OpcodeRow {
  const byte = byteOf(row).toString(16).toUpperCase().padStart(2, '0')
  const { operands, encoding } = encodedOperands(textIn(row, 'operands'))
  return {
    opcode: textIn(row, 'prefix') + byte + textIn(row, 'suffix'),
    encoding,
    operands,
    mnemonic: textIn(row, 'mnemonic'),
    attributes: wordsOf(textIn(row, 'attributes')) as readonly Attribute[],
    needs: textIn(row, 'needs') || undefined,
    source: packedRows.sources[numberIn(row, 'source')]!,
  }
}

const rowCount = packedRows.rows.length / lineLength
const unpackedRows = new Array<OpcodeRow | undefined>(rowCount)

/** The row of a number, which must be one: cheaper than a place of `rows`. */
export function rowAt(number: number): OpcodeRow {
  unpackedRows[number] ??= unpacked(number)
  return unpackedRows[number]
}

/** Every row of the maps, once: a row's number is its place in this list. A row is made when it is first asked for. */
export const rows: readonly OpcodeRow[] = lateList(rowCount, rowAt)

/** Patterns by what stands around the opcode byte. */
const patterns = new Map<string, OpcodePattern>()

/** What `parseOpcode` says of a row's opcode, by the row's number: cheaper, as most rows differ from others in the byte alone. */
export function patternAt(number: number): OpcodePattern {
  const around = `${textIn(number, 'prefix')}00${textIn(number, 'suffix')}`
  let pattern = patterns.get(around)
  if (pattern === undefined) {
    pattern = parseOpcode(around)
    patterns.set(around, pattern)
  }
  return { ...pattern, byte: byteOf(number) }
}

/** Where a row is: its number, its space, its map as `OpcodePattern` has it, and the opcode byte, the first of eight where a register is in it. */
export interface OpcodePlace {
  readonly row: number
  readonly space: EncodingSpace
  readonly map: number
  readonly byte: number
  readonly register: boolean
}

/** Rows behind one another that are of one map: the first of them, and the first that is of another. */
interface Run extends Pick<OpcodePlace, 'space' | 'map'> {
  readonly first: number
  readonly end: number
}

let runs: readonly Run[] | undefined

function unpackedRuns(): readonly Run[] {
  const begun = packedRows.maps.split('|').map((text) => {
    const [space, map, first] = text.split(' ')
    return { space: space as EncodingSpace, map: Number(map), first: Number(first) }
  })
  return begun.map((run, at) => ({ ...run, end: begun[at + 1]?.first ?? rowCount }))
}

/** The places of all rows in their order, or of those of one map: cheaper than `parseOpcode` of each. */
export function opcodePlaces(of?: Pick<OpcodePlace, 'space' | 'map'>): readonly OpcodePlace[] {
  runs ??= unpackedRuns()
  const registers = packedRows.suffix.split('|').map((suffix) => suffix.startsWith('+r'))
  const places: OpcodePlace[] = []
  for (const { space, map, first, end } of runs)
    if (of === undefined || (of.space === space && of.map === map))
      for (let row = first; row < end; row += 1)
        places.push({ row, space, map, byte: byteOf(row), register: registers[numberIn(row, 'suffix')]! })
  return places
}
