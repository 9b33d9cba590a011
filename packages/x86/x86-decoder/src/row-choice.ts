import { type Attribute, attributeMeanings, type OpcodeRow, rows } from '@vmm/x86-opcodes'
import { shown } from './checks.ts'

/** Which rows a decoder has: all but those that are `optional` and those that are left out. */
export interface RowChoice {
  /** CPUID features whose rows it has though they are `optional`: `APX_F`, which brings REX2 and R16 to R31 with them; `XCRYPT` and the others of PadLock; `AMX_TRANSPOSE`, which was withdrawn. */
  readonly with?: readonly string[]
  /** Attributes of rows that it has not: `undocumented` leaves out what processors execute and Intel's manual does not have, `hint` what is a NOP elsewhere. */
  readonly without?: readonly Attribute[]
}

const isOptional = ({ attributes }: OpcodeRow): boolean => attributes.includes('optional')
const needsOf = ({ needs }: OpcodeRow): readonly string[] => needs?.split(' ') ?? []

/** A choice as a question that is asked of a row. Of an optional one all features must be asked for that nothing else brings. */
export function isChosen({ with: features = [], without = [] }: RowChoice): (row: OpcodeRow) => boolean {
  for (const name of without) refuseUnless(Object.hasOwn(attributeMeanings, name), 'without', name)
  if (features.length === 0) return (row) => !isOptional(row) && !isLeftOut(row, without)
  const optional = new Set(rows.filter(isOptional).flatMap(needsOf))
  for (const name of features) refuseUnless(optional.has(name), 'with', name)
  const had = new Set(rows.filter((row) => !isOptional(row)).flatMap(needsOf))
  const brings = (row: OpcodeRow) => {
    const needs = needsOf(row)
    return (
      needs.some((name) => features.includes(name)) && needs.every((name) => features.includes(name) || had.has(name))
    )
  }
  return (row) => (!isOptional(row) || brings(row)) && !isLeftOut(row, without)
}

const isLeftOut = ({ attributes }: OpcodeRow, without: readonly Attribute[]): boolean =>
  attributes.some((attribute) => without.includes(attribute))

const expected = {
  with: "a CPUID feature of optional rows, such as 'APX_F'",
  without: "an attribute of rows, such as 'undocumented'",
} as const

function refuseUnless(is: boolean, what: keyof typeof expected, name: unknown): void {
  if (!is) throw new RangeError(`${what} ${shown(name)}: expected ${expected[what]}`)
}
