import type { Encoding, Fixup } from './encode.ts'
import { AssemblerError } from './error.ts'
import { type LabelReference, sayOperand } from './operand.ts'

/** What a program is made of, in order. */
export type Item = Kind & {
  /** Where it comes from, for those who know. */
  readonly place?: number | undefined
}

type Kind =
  | { readonly kind: 'code'; readonly encoding: Encoding }
  | { readonly kind: 'branch'; readonly short: Encoding; readonly near: Encoding; grown: boolean }
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'equ'; readonly name: string; readonly value: bigint }
  | { readonly kind: 'align'; readonly boundary: number; readonly fill: number }
  | { readonly kind: 'org'; readonly address: bigint; readonly fill: number }

/** A finished program. */
export interface Program {
  readonly bytes: Uint8Array
  /** Address of the first byte. */
  readonly origin: bigint
  /** Addresses of the labels. */
  readonly labels: ReadonlyMap<string, bigint>
}

/** Gives every item its place, growing branches that do not reach, and fills in what depends on addresses. */
export function layOut(items: readonly Item[], origin: bigint): Program {
  const places = settle(items, origin)
  const bytes = new Uint8Array(places.size)
  for (const [at, item] of items.entries()) located(item, () => write(item, places.offsets[at]!, places, bytes))
  return { bytes, origin, labels: places.labels }
}

/** The labels alone, with every branch as long as it must be. */
export function labelsOf(items: readonly Item[], origin: bigint): ReadonlyMap<string, bigint> {
  return settle(items, origin).labels
}

function settle(items: readonly Item[], origin: bigint): Places {
  let places = placesOf(items, origin)
  while (grow(items, places)) places = placesOf(items, origin)
  return places
}

/** Lets a mistake say which item made it. */
function located<T>({ place }: Item, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof AssemblerError) error.place ??= place
    throw error
  }
}

interface Places {
  readonly origin: bigint
  readonly offsets: readonly number[]
  readonly labels: ReadonlyMap<string, bigint>
  readonly size: number
}

function placesOf(items: readonly Item[], origin: bigint): Places {
  const offsets: number[] = []
  const labels = new Map<string, bigint>()
  let offset = 0
  for (const item of items) {
    offsets.push(offset)
    if (item.kind === 'label') labels.set(item.name, origin + BigInt(offset))
    else if (item.kind === 'equ') labels.set(item.name, item.value)
    else offset += located(item, () => sizeOf(item, origin + BigInt(offset)))
  }
  return { origin, offsets, labels, size: offset }
}

function sizeOf(item: Item, address: bigint): number {
  switch (item.kind) {
    case 'code':
      return item.encoding.bytes.length
    case 'branch':
      return encodingOf(item).bytes.length
    case 'label':
    case 'equ':
      return 0
    case 'align':
      return Number((BigInt(item.boundary) - (address % BigInt(item.boundary))) % BigInt(item.boundary))
    case 'org':
      if (item.address < address)
        throw new AssemblerError(`already at 0x${address.toString(16)}`, {
          given: `org 0x${item.address.toString(16)}`,
        })
      return Number(item.address - address)
    default:
      return item satisfies never
  }
}

const encodingOf = (item: Extract<Item, { kind: 'branch' }>): Encoding => (item.grown ? item.near : item.short)

/** Lets every short branch grow that does not reach; true if there was one. Branches never shrink again. */
function grow(items: readonly Item[], places: Places): boolean {
  let any = false
  items.forEach((item, at) => {
    if (item.kind !== 'branch' || item.grown) return
    const end = places.origin + BigInt(places.offsets[at]! + item.short.bytes.length)
    const distance = located(item, () => addressOf(item.short.fixups[0]!.value, places)) - end
    if (BigInt.asIntN(8, distance) === distance) return
    item.grown = true
    any = true
  })
  return any
}

function addressOf(value: bigint | LabelReference, { labels }: Places): bigint {
  if (typeof value === 'bigint') return value
  const address = labels.get(value.name)
  if (address === undefined) throw new AssemblerError('no such label', { given: value.name })
  return address + value.plus
}

function write(item: Item, offset: number, places: Places, bytes: Uint8Array): void {
  if (item.kind === 'label' || item.kind === 'equ') return
  if (item.kind === 'code' || item.kind === 'branch') {
    const encoding = item.kind === 'code' ? item.encoding : encodingOf(item)
    bytes.set(encoding.bytes, offset)
    for (const fixup of encoding.fixups) fill(fixup, offset, encoding.bytes.length, places, bytes)
    return
  }
  bytes.fill(item.fill, offset, offset + sizeOf(item, places.origin + BigInt(offset)))
}

function fill(fixup: Fixup, offset: number, length: number, places: Places, bytes: Uint8Array): void {
  const address = addressOf(fixup.value, places)
  const value = fixup.relative ? address - places.origin - BigInt(offset + length) : address
  const bits = fixup.bytes * 8
  if (!reaches(value, bits, fixup)) {
    const what = fixup.relative ? `${value} bytes away does not fit` : `0x${address.toString(16)} does not fit`
    throw new AssemblerError(`${what} ${bits} bits`, { given: sayOperand(fixup.value) })
  }
  for (let at = 0; at < fixup.bytes; at += 1) {
    bytes[offset + fixup.at + at] = Number(BigInt.asUintN(8, value >> BigInt(8 * at)))
  }
}

/** Distances wrap around where the instruction pointer does: 16-bit ones, and 32-bit ones outside 64-bit code. */
function reaches(value: bigint, bits: number, { relative, signed }: Fixup): boolean {
  if (relative && bits === 16) return true
  if (BigInt.asIntN(bits, value) === value) return true
  if (relative || signed) return false
  return BigInt.asUintN(bits, value) === value
}
