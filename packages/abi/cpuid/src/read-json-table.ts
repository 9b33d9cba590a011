import { type CpuidEntry, entry } from './entry.ts'
import { type OutputRegister, outputRegisters } from './leaf.ts'
import type { ReadTable } from './read-table.ts'
import { type Refused, refused } from './resolve-features.ts'

type Json = Readonly<Record<string, unknown>>

/** Reads entries, or Firecracker's `cpuid_modifiers`, from JSON text. */
export function readJsonTable(text: string): ReadTable | Refused {
  const parsed = parse(text)
  if (parsed === undefined) return refused('this is no JSON')
  const entries = rowsIn(parsed.value)
  if (entries === undefined) return refused('this JSON holds neither CPUID entries nor cpuid_modifiers')
  const read: CpuidEntry[] = []
  for (const [at, row] of entries.entries()) {
    const one = isObject(row) ? readRow(row) : undefined
    if (one === undefined) return refused(`CPUID entry ${at} of this JSON is not complete`)
    read.push(one)
  }
  return { kind: 'table', entries: read }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function rowsIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as readonly unknown[]
  if (!isObject(value)) return undefined
  for (const name of ['entries', 'cpuid_modifiers', 'cpuid']) {
    const found = value[name]
    if (Array.isArray(found)) return found as readonly unknown[]
  }
  return rowsIn(value['guest_cpu_config'])
}

function readRow(row: Json): CpuidEntry | undefined {
  const leaf = unsigned(row['function'] ?? row['leaf'])
  const index = unsigned(row['index'] ?? row['subleaf'] ?? 0)
  const flags = unsigned(row['flags'] ?? 0)
  const registers = Array.isArray(row['modifiers']) ? fromModifiers(row['modifiers']) : fromRegisters(row)
  if (leaf === undefined || index === undefined || flags === undefined || registers === undefined) return undefined
  return { ...entry(leaf, registers), index, flags }
}

type Registers = Partial<Record<OutputRegister, number>>

function fromRegisters(row: Json): Registers | undefined {
  const read: Registers = {}
  for (const register of outputRegisters) {
    const value = unsigned(row[register])
    if (value === undefined) return undefined
    read[register] = value
  }
  return read
}

/** A modifier's bitmap gives every bit; one with an `x` changes a table, and is none. */
function fromModifiers(modifiers: readonly unknown[]): Registers | undefined {
  const read: Registers = {}
  for (const modifier of modifiers) {
    const register = isObject(modifier) ? outputRegisters.find((name) => name === modifier['register']) : undefined
    const value = isObject(modifier) ? unsigned(modifier['bitmap']) : undefined
    if (register === undefined || value === undefined) return undefined
    read[register] = value
  }
  return read
}

/** A JSON number, or a string in decimal, `0x…` or `0b…` with `_` between digits; 32 bits, or `undefined`. */
function unsigned(value: unknown): number | undefined {
  const number = typeof value === 'string' ? parseDigits(value.replaceAll('_', '')) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) return undefined
  return number < 0 || number > 0xffff_ffff ? undefined : number
}

function parseDigits(text: string): number {
  return /^(?:0x[0-9a-f]+|0b[01]+|[0-9]+)$/i.test(text) ? Number(text) : Number.NaN
}
