import { writtenRows } from '@vmm/x86-opcode-maps'
import { type OpcodeRow, parseOpcode } from '@vmm/x86-opcodes'

const folder = 'packages/x86/x86-opcodes/src'

/** The files that hold the rows as their readers have them, by their paths from the root of the repository. */
export function packedRowFiles(): Readonly<Record<string, string>> {
  return { [`${folder}/packed.rows.ts`]: rowsText(writtenRows), [`${folder}/mnemonics.ts`]: mnemonicsText(writtenRows) }
}

/** Different texts by their numbers, in the order in which they came. */
class Numbered {
  readonly #numbers = new Map<string, number>()
  readonly #digits: number

  constructor(digits: number) {
    this.#digits = digits
  }

  number(text: string): string {
    const known = this.#numbers.get(text) ?? this.#numbers.size
    this.#numbers.set(text, known)
    const digits = known.toString(36).padStart(this.#digits, '0')
    if (digits.length > this.#digits) throw new Error(`the number of ${text} has more than ${this.#digits} digits`)
    return digits
  }

  texts(): readonly string[] {
    return [...this.#numbers.keys()]
  }
}

/** An opcode in three: what stands before its byte, the byte, and what stands behind. */
function partsOf(opcode: string): readonly [string, string, string] {
  const byte = parseOpcode(opcode).byte.toString(16).toUpperCase().padStart(2, '0')
  const pattern = new RegExp(
    `^((?:E?VEX|XOP)\\S* |0F 0F /r |(?:NP |NFx |66 |F2 |F3 )?(?:REX\\.W |REX2\\.W[01] )?(?:0F 38 |0F 3A |0F )?)${byte}(.*)$`,
  )
  const [, before = '', behind = ''] = pattern.exec(opcode) ?? []
  if (before + byte + behind !== opcode) throw new Error(`${opcode} is not what stands around ${byte}`)
  return [before, byte, behind]
}

function rowsText(rows: readonly OpcodeRow[]): string {
  const lists = {
    ...{ prefix: new Numbered(2), suffix: new Numbered(2), operands: new Numbered(2), attributes: new Numbered(2) },
    ...{ needs: new Numbered(2), mnemonic: new Numbered(3) },
  }
  const sources = new Numbered(2)
  const lines = rows.map(({ opcode, operands, mnemonic, attributes, needs = '', source }) => {
    const [before, byte, behind] = partsOf(opcode)
    const first = lists.prefix.number(before) + byte.toLowerCase() + lists.suffix.number(behind)
    const second = lists.operands.number(operands.join(' ')) + lists.attributes.number(attributes.join(' '))
    const third = lists.needs.number(needs) + sources.number(JSON.stringify(source))
    return first + second + third + lists.mnemonic.number(mnemonic)
  })
  const members = Object.entries(lists).map(([name, list]) => `  ${name}: '${list.texts().join('|')}',`)
  return `import type { Source } from '@vmm/source'

/** Rows, a line each, and the lists that the numbers in the lines are places in; \`maps\` says from which row on rows are of which map. */
interface PackedRows extends Readonly<Record<${Object.keys(lists)
    .map((name) => `'${name}'`)
    .join(' | ')} | 'maps' | 'rows', string>> {
  readonly sources: readonly Source[]
}

/** The rows of \`@vmm/x86-opcode-maps\`, written by \`pnpm data\`. Source: each row's own, in \`sources\`. */
export const packedRows: PackedRows = {
${members.join('\n')}
  maps: '${mapsText(rows)}',
  sources: ${sourcesText(sources)},
  rows: \`${lines.join('\n')}
\`,
}
`
}

/** Space, map and first row of each run of rows that are of one map. */
function mapsText(rows: readonly OpcodeRow[]): string {
  const maps = rows.map(({ opcode }) => {
    const { space, map } = parseOpcode(opcode)
    return `${space} ${map}`
  })
  return maps.flatMap((map, row) => (map === maps[row - 1] ? [] : [`${map} ${row}`])).join('|')
}

const sourcesText = (sources: Numbered): string =>
  `[\n${sources
    .texts()
    .map((text) => `    ${text},`)
    .join('\n')}\n  ]`

function mnemonicsText(rows: readonly OpcodeRow[]): string {
  const names = [...new Set(rows.map(({ mnemonic }) => mnemonic))].sort()
  return `/** Every mnemonic that has a row. Written by \`pnpm data\`. */
export type Mnemonic =
${names.map((name) => `  | '${name}'`).join('\n')}
`
}
