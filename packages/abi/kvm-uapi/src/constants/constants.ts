import { kernelSource, type Source } from '@vmm/source'
import { type Header, headerPaths } from '../structs/uapi-struct.ts'

/** A constant: its value, and what it means. */
export interface Constant {
  /** The name in C. */
  readonly name: string
  readonly value: number | bigint
  readonly says: string
}

type Values = Readonly<Record<string, readonly [value: number | bigint, says: string]>>

/** Constants of one purpose: bits of a flags field, or values of a field that has one of them. */
export interface ConstantSet<V extends Values = Values> {
  /** What every name begins with in C: `KVM_MEM_`. */
  readonly prefix: string
  readonly kind: 'bits' | 'values'
  readonly says: string
  /** The fields that they stand in, as `struct.field`, or what else takes them. */
  readonly places: readonly string[]
  /** The values by their name without the prefix: `memoryFlags.value.READONLY`. */
  readonly value: { readonly [N in keyof V]: V[N][0] }
  readonly constants: readonly Constant[]
  readonly source: Source
}

/** Says a set of constants, in the header's order. */
export function constants<const V extends Values>(
  prefix: string,
  kind: 'bits' | 'values',
  header: Header,
  says: string,
  places: readonly string[],
  values: V,
  readIn = '6.12',
): ConstantSet<V> {
  const rows = Object.entries(values)
  return {
    prefix,
    kind,
    says,
    places,
    value: Object.fromEntries(rows.map(([name, [value]]) => [name, value])) as ConstantSet<V>['value'],
    constants: rows.map(([name, [value, meaning]]) => ({ name: `${prefix}${name}`, value, says: meaning })),
    source: kernelSource(headerPaths[header], `${prefix}*`, readIn),
  }
}

/** Every bit of a set of flags, as one number. */
export function maskOf(set: ConstantSet): number {
  return set.constants.reduce((mask, { value }) => mask | Number(value), 0) >>> 0
}
