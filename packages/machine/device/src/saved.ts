import type { Saved } from './device.ts'

/** What `saved` looks like after `likeSaved` has accepted it: the same fields, none of them readonly. */
export type Restored<T extends Saved> = T extends Uint8Array
  ? Uint8Array
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T extends string
        ? string
        : T extends bigint
          ? bigint
          : T extends readonly (infer Item extends Saved)[]
            ? Restored<Item>[]
            : T extends { readonly [name: string]: Saved }
              ? { -readonly [Name in keyof T]: Restored<T[Name]> }
              : T

/**
 * A deep copy of `saved`, which must have exactly the shape of `example`: the same names, the same kinds of values,
 * lists and byte arrays of the same length. Numbers must not be NaN. `example` is usually the device's present state.
 * @throws {RangeError} naming `device` and the first place that differs.
 */
export function likeSaved<T extends Saved>(device: string, example: T, saved: Saved): Restored<T> {
  return copyLike(device, example, saved, '') as Restored<T>
}

/** Saved state as a text: two states are the same when their texts are. For comparing and for hashing. */
export function savedText(saved: unknown): string {
  return JSON.stringify(saved, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`
    if (value instanceof Uint8Array) return Array.from(value)
    return value === Number.POSITIVE_INFINITY ? 'never' : value
  })
}

/** A copy that shares nothing with `value`. */
export function copySaved<T extends Saved>(value: T): Restored<T> {
  return copyLike('copy', value, value, '') as Restored<T>
}

function copyLike(device: string, example: Saved, saved: Saved, at: string): Saved {
  if (example === null || typeof example !== 'object') {
    if (typeof saved !== typeof example || Number.isNaN(saved) || (saved === null) !== (example === null)) {
      throw unlike(device, at)
    }
    return saved
  }
  if (example instanceof Uint8Array) {
    if (!(saved instanceof Uint8Array) || saved.length !== example.length) throw unlike(device, at)
    return saved.slice()
  }
  if (isList(example)) {
    if (saved === null || typeof saved !== 'object' || !isList(saved) || saved.length !== example.length) {
      throw unlike(device, at)
    }
    return example.map((item, index) => copyLike(device, item, saved[index] ?? null, `${at}[${index}]`))
  }
  return copyRecordLike(device, example, saved, at)
}

function copyRecordLike(device: string, example: SavedRecord, saved: Saved, at: string): Saved {
  if (!isRecord(saved) || Object.keys(saved).length !== Object.keys(example).length) throw unlike(device, at)
  const copy: { [name: string]: Saved } = {}
  for (const [name, item] of Object.entries(example)) {
    const other = Object.hasOwn(saved, name) ? saved[name] : undefined
    if (other === undefined) throw unlike(device, `${at}.${name}`)
    copy[name] = copyLike(device, item, other, `${at}.${name}`)
  }
  return copy
}

type SavedRecord = { readonly [name: string]: Saved }

function isList(value: object): value is readonly Saved[] {
  return Array.isArray(value)
}

function isRecord(value: Saved): value is SavedRecord {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function unlike(device: string, at: string): RangeError {
  return new RangeError(
    `${device}: this saved state is not its own${at === '' ? '' : ` (at ${at.replace(/^\./, '')})`}`,
  )
}
