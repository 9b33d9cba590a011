import {
  type Mnemonic,
  type OpcodePattern,
  type OpcodeRow,
  type OperandPlace,
  parseOpcode,
  placeOf,
  rows,
  type SizedMnemonic,
  sizedMnemonics,
} from '@vmm/x86-opcodes'
import { aliases } from './aliases.rows.ts'

/** Names of one mnemonic at its sizes: `IRETQ`, `MOVSB`'s wider kin, `JECXZ`. */
export type SizedName = (typeof sizedMnemonics)[keyof typeof sizedMnemonics]['names'][number]

/** Everything that `emit` takes as a mnemonic. */
export type AnyMnemonic =
  | Mnemonic
  | SizedName
  | keyof typeof aliases
  | `${'CCMP' | 'CTEST'}${(typeof conditions)[number]}`

/** An operand or address size in bits. */
export type Size = 16 | 32 | 64

/** One row as a name asks for it: with a size, where the name says one. */
export interface Form {
  readonly number: number
  readonly row: OpcodeRow
  readonly pattern: OpcodePattern
  readonly places: readonly OperandPlace[]
  readonly operandSize: Size | undefined
  readonly addressSize: Size | undefined
  /** The condition that the name says, of CCMP and CTEST. */
  readonly condition: number | undefined
}

const sizes: readonly Size[] = [16, 32, 64]

/** A row by its number, and the size that a name adds. */
type Named = Pick<Form, 'number' | 'operandSize' | 'addressSize'> & Partial<Pick<Form, 'condition'>>

let byName: ReadonlyMap<string, readonly Named[]> | undefined
const made = new Map<string, readonly Form[]>()

/** The forms of a mnemonic, in the order of the rows; none if there is no such mnemonic. */
export function formsOf(name: string): readonly Form[] {
  let forms = made.get(name)
  if (forms === undefined) {
    byName ??= index()
    forms = (byName.get(name) ?? []).map((named) => ({ ...formOfRow(named.number), ...named }))
    made.set(name, forms)
  }
  return forms
}

/** Every name that `emit` takes. */
export function allNames(): Iterable<string> {
  byName ??= index()
  return byName.keys()
}

/** The form that is a row and nothing else. */
export function formOfRow(number: number): Form {
  const row = rows[number]!
  const pattern = parseOpcode(row.opcode)
  return {
    number,
    row,
    pattern,
    places: row.operands.map(placeOf),
    operandSize: undefined,
    addressSize: undefined,
    condition: undefined,
  }
}

/** Conditions of CCMP and CTEST in the order of their encoding. Source: Intel APX Architecture Specification 355828, SCC. */
const conditions = [
  ...(['O', 'NO', 'B', 'NB', 'Z', 'NZ', 'BE', 'NBE', 'S', 'NS', 'T', 'F', 'L', 'NL', 'LE', 'NLE'] as const),
] as const

/** Names that mean their size and not the mode's: CBW and CWD, and every name that counts in RCX. */
const exact: ReadonlySet<string> = new Set(['CBW', 'CWD', 'JRCXZ'])

function index(): ReadonlyMap<string, readonly Named[]> {
  const names = new Map<string, Named[]>()
  const add = (name: string, named: Named): void => {
    const list = names.get(name)
    if (list === undefined) names.set(name, [named])
    else list.push(named)
  }
  const sized: Readonly<Record<string, SizedMnemonic | undefined>> = sizedMnemonics
  rows.forEach(({ mnemonic, attributes }, number) => {
    if (attributes.includes('alias')) return
    const family = sized[mnemonic]
    if (!exact.has(mnemonic)) add(mnemonic, { number, operandSize: undefined, addressSize: undefined })
    if (attributes.includes('scc'))
      for (const [condition, name] of conditions.entries())
        add(mnemonic + name, { number, operandSize: undefined, addressSize: undefined, condition })
    if (family !== undefined) for (const [name, named] of sizedNames(mnemonic, family, number)) add(name, named)
  })
  for (const [name, mnemonic] of Object.entries(aliases))
    for (const named of names.get(mnemonic) ?? []) add(name, named)
  return names
}

function sizedNames(mnemonic: string, { by, names }: SizedMnemonic, number: number): [string, Named][] {
  return sizes.flatMap((size, at): [string, Named][] => {
    const name = names[at]!
    // where two sizes share a name it is the smaller: the larger is the same encoding
    if ((name === mnemonic && !exact.has(mnemonic)) || names.indexOf(name) !== at) return []
    const isOperand = by === 'operand'
    return [[name, { number, operandSize: isOperand ? size : undefined, addressSize: isOperand ? undefined : size }]]
  })
}
