import type { Feature } from './all.ts'
import { type DecodedLeaf, decode } from './decode.ts'
import { hex, leafTitle, told, wrapped } from './describe.ts'
import { type CpuidTable, KVM_CPUID_FLAG_SIGNIFCANT_INDEX } from './entry.ts'
import { type OutputRegister, outputRegisters } from './leaf.ts'

/** What changed in one leaf and sub-leaf from one table to another. */
export interface CpuidDifference {
  readonly function: number
  /** `undefined` where ECX does not matter. */
  readonly index: number | undefined
  readonly name: string | undefined
  /** Whether the leaf is in both tables. */
  readonly in: 'both' | 'first only' | 'second only'
  readonly gained: readonly Feature[]
  readonly lost: readonly Feature[]
  /** Numbers that differ: names, and both values. */
  readonly numbers: readonly { readonly name: string; readonly from: number; readonly to: number }[]
  /** Bits that differ and that no row names. */
  readonly unnamed: readonly { readonly register: OutputRegister; readonly bits: number }[]
}

/** What a second table says otherwise than a first, leaf by leaf in ascending order. Nothing when they say the same. */
export function diffTables(first: CpuidTable, second: CpuidTable): readonly CpuidDifference[] {
  const before = byPlace(first)
  const after = byPlace(second)
  const places = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b)
  return places.flatMap((place) => difference(before.get(place), after.get(place)))
}

interface Placed {
  readonly leaf: DecodedLeaf
  readonly indexed: boolean
}

/** Entries by leaf and sub-leaf; the first of two for one place is what a guest sees. */
function byPlace(table: CpuidTable): ReadonlyMap<number, Placed> {
  const places = new Map<number, Placed>()
  for (const [at, leaf] of decode(table).entries()) {
    const indexed = (table[at]!.flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) !== 0
    const place = leaf.function * 2 ** 20 + (indexed ? leaf.index : 0)
    if (!places.has(place)) places.set(place, { leaf, indexed })
  }
  return places
}

const nothing: Pick<DecodedLeaf, 'features' | 'numbers' | 'unnamed'> = { features: [], numbers: {}, unnamed: {} }

function difference(before: Placed | undefined, after: Placed | undefined): readonly CpuidDifference[] {
  const { leaf, indexed } = (after ?? before)!
  const [from, to] = [before?.leaf ?? nothing, after?.leaf ?? nothing]
  const changes = {
    gained: to.features.filter((feature) => !from.features.includes(feature)),
    lost: from.features.filter((feature) => !to.features.includes(feature)),
    numbers: changedNumbers(from.numbers, to.numbers),
    unnamed: changedBits(from.unnamed, to.unnamed),
  }
  if (Object.values(changes).every((list) => list.length === 0)) return []
  const where = before === undefined ? 'second only' : after === undefined ? 'first only' : 'both'
  return [{ function: leaf.function, index: indexed ? leaf.index : undefined, name: leaf.name, in: where, ...changes }]
}

type Numbers = Readonly<Record<string, number>>

function changedNumbers(from: Numbers, to: Numbers): CpuidDifference['numbers'] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  return names.flatMap((name) => {
    const [old = 0, now = 0] = [from[name], to[name]]
    return old === now ? [] : [{ name, from: old, to: now }]
  })
}

function changedBits(from: DecodedLeaf['unnamed'], to: DecodedLeaf['unnamed']): CpuidDifference['unnamed'] {
  return outputRegisters.flatMap((register) => {
    const bits = ((from[register] ?? 0) ^ (to[register] ?? 0)) >>> 0
    return bits === 0 ? [] : [{ register, bits }]
  })
}

/** Says in words what {@link diffTables} found: `+FEATURE`, `-FEATURE`, `NUMBER 1→2`. */
export function describeDiff(first: CpuidTable, second: CpuidTable): readonly string[] {
  return diffTables(first, second).flatMap((change) => {
    const numbers = change.numbers.map(({ name, from, to }) => {
      const value = (number: number) => told(change.function, change.index ?? 0, name, number)
      return `${name} ${value(from)}→${value(to)}`
    })
    const bits = change.unnamed.map(({ register, bits }) => `${register.toUpperCase()}:${hex(bits, 8)}H?`)
    const words = [
      ...change.gained.map((name) => `+${name}`),
      ...change.lost.map((name) => `-${name}`),
      ...numbers,
      ...bits,
    ]
    return [`${leafTitle(change.function, change.index)}  ${change.name ?? 'unknown'}`, ...wrapped(words)]
  })
}
