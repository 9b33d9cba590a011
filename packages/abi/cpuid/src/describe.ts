import { type DecodedLeaf, decode } from './decode.ts'
import type { CpuidTable } from './entry.ts'
import { KVM_CPUID_FLAG_SIGNIFCANT_INDEX } from './entry.ts'
import { outputRegisters } from './leaf.ts'
import { lookup } from './lookup.ts'
import { brandOf, signatureOf, vendorOf } from './text.ts'
import { xsaveComponents } from './xsave-components.rows.ts'

/** A number in the manuals' hexadecimal digits. */
export const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0')

/** A leaf, and its sub-leaf where that matters, as the manuals write them: `80000008H`, `07H.1`. */
export function leafTitle(leaf: number, index: number | undefined): string {
  const title = `${hex(leaf, leaf > 0xff ? 8 : 2)}H`
  return index === undefined ? title : `${title}.${index}`
}

/**
 * Says in words what a table says: its vendor and brand, and a paragraph for each leaf that is not all zeros, with the
 * names of features, the values of numbers, and the bits that no row names. Lines of at most 100 columns.
 */
export function describeTable(table: CpuidTable): readonly string[] {
  const leaves = decode(table).flatMap((leaf, at) =>
    describeLeaf(leaf, (table[at]!.flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) !== 0),
  )
  return [...headline(table), ...leaves]
}

function headline(table: CpuidTable): readonly string[] {
  const vendor = vendorOf(table)
  if (vendor === '') return []
  const { family, model, stepping } = signatureOf(lookup(table, 1, 0, 'amd').eax)
  const brand = brandOf(table)
  return [
    `${vendor}${brand === '' ? '' : `, ${brand}`}: family ${hex(family, 2)}H, model ${hex(model, 2)}H, stepping ${stepping}`,
  ]
}

function describeLeaf(leaf: DecodedLeaf, indexed: boolean): readonly string[] {
  const words = [...numbersOf(leaf), ...leaf.features, ...unnamedOf(leaf)]
  if (words.length === 0) return []
  const title = `${leafTitle(leaf.function, indexed ? leaf.index : undefined)}  ${leaf.name ?? 'unknown'}`
  return [title, ...wrapped(words)]
}

function numbersOf({ function: leaf, index, numbers }: DecodedLeaf): readonly string[] {
  return Object.entries(numbers)
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name}=${told(leaf, index, name, value)}`)
}

/** Masks and characters are told in hexadecimal, other numbers in decimal; components of XSAVE by their names. */
export function told(leaf: number, index: number, name: string, value: number): string {
  if (leaf === 0x0d && index < 2 && /^(?:XCR0|XSS)_LOW$/.test(name)) return componentsIn(value)
  return value > 0xffff ? `${hex(value, 8)}H` : String(value)
}

function componentsIn(mask: number): string {
  return xsaveComponents
    .filter(({ bit }) => ((mask >>> bit) & 1) === 1)
    .map(({ name }) => name)
    .join('+')
}

function unnamedOf({ unnamed }: DecodedLeaf): readonly string[] {
  return outputRegisters.flatMap((register) => {
    const bits = unnamed[register]
    return bits === undefined ? [] : [`${register.toUpperCase()}:${hex(bits, 8)}H?`]
  })
}

const widest = 100

/** Words in indented lines. */
export function wrapped(words: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > widest) lines.push(`    ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
