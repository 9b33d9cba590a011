/** How values of one kind lie in bytes: little endian, as a C compiler for x86-64 lays them out. */
export interface Codec<T> {
  /** Size in bytes, padding behind the last field included. */
  readonly size: number
  readonly align: number
  /** What the bytes are, as data: for tables of offsets, for other languages, for pages. */
  readonly shape: Shape
  read(view: DataView, at: number): T
  write(view: DataView, at: number, value: T): void
}

/** The scalars that a struct can hold: `u` for unsigned, `i` for signed, and the bits. */
export type ScalarName = 'u8' | 'u16' | 'u32' | 'u64' | 'i16' | 'i32' | 'i64'

/** What a codec's bytes are. `pointsTo` says of a scalar that it is an address, and of what; `name` is the C tag of a struct. */
export type Shape =
  | { readonly kind: 'scalar'; readonly type: ScalarName; readonly pointsTo?: string }
  | { readonly kind: 'bytes'; readonly count: number }
  | { readonly kind: 'list'; readonly item: Shape; readonly itemSize: number; readonly count: number }
  | { readonly kind: 'struct' | 'union'; readonly name?: string; readonly fields: readonly FieldShape[] }

/** A field of a struct, or an arm of a union. */
export interface FieldShape {
  readonly name: string
  /** Bytes from the beginning of the struct that it is listed in. */
  readonly offset: number
  /** Bytes; zero for an array of variable length. */
  readonly size: number
  readonly shape: Shape
  /**
   * `value`: it is read and written. `padding`: it means nothing, and is zero when written. `flexible`: it has as many
   * items of the shape as some count says, behind the struct. `alias`: another name for bytes of an earlier field.
   */
  readonly role: FieldRole
  /** Whether C gives the field no name, and those of its members instead. */
  readonly anonymous: boolean
  readonly says?: string
}

/** What a field is to the value of its struct; see `FieldShape.role`. */
export type FieldRole = 'value' | 'padding' | 'flexible' | 'alias'

/** What a codec reads and writes. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never

const number = (
  size: 1 | 2 | 4,
  type: ScalarName,
  method: 'Uint8' | 'Uint16' | 'Uint32' | 'Int16' | 'Int32',
): Codec<number> => ({
  size,
  align: size,
  shape: { kind: 'scalar', type },
  read: (view, at) => view[`get${method}`](at, true),
  write: (view, at, value) => view[`set${method}`](at, value, true),
})

/** An unsigned byte; what is written is cut to its width. */
export const u8: Codec<number> = number(1, 'u8', 'Uint8')
/** 16 unsigned bits. */
export const u16: Codec<number> = number(2, 'u16', 'Uint16')
/** 32 unsigned bits. */
export const u32: Codec<number> = number(4, 'u32', 'Uint32')
/** 16 bits with a sign. */
export const i16: Codec<number> = number(2, 'i16', 'Int16')
/** 32 bits with a sign. */
export const i32: Codec<number> = number(4, 'i32', 'Int32')

/** 64 unsigned bits, a bigint. */
export const u64: Codec<bigint> = {
  size: 8,
  align: 8,
  shape: { kind: 'scalar', type: 'u64' },
  read: (view, at) => view.getBigUint64(at, true),
  write: (view, at, value) => view.setBigUint64(at, BigInt.asUintN(64, value), true),
}

/** 64 bits with a sign, a bigint. */
export const i64: Codec<bigint> = {
  size: 8,
  align: 8,
  shape: { kind: 'scalar', type: 'i64' },
  read: (view, at) => view.getBigInt64(at, true),
  write: (view, at, value) => view.setBigInt64(at, BigInt.asIntN(64, value), true),
}

/** An address of the caller's memory, 64 bits; `what` says what lies there: `pointer('one bit for each page')`. */
export function pointer(what: string): Codec<bigint> {
  return { ...u64, shape: { kind: 'scalar', type: 'u64', pointsTo: what } }
}

/** `count` bytes as they are. What is too short is followed by zeros, what is too long is cut. */
export function bytes(count: number): Codec<Uint8Array> {
  const within = (view: DataView, at: number) => new Uint8Array(view.buffer, view.byteOffset + at, count)
  return {
    size: count,
    align: 1,
    shape: { kind: 'bytes', count },
    read: (view, at) => within(view, at).slice(),
    write: (view, at, value) => {
      within(view, at).fill(0)
      within(view, at).set(value.subarray(0, count))
    },
  }
}

/** `count` of a kind in a row. Items that are missing when writing leave their bytes alone. */
export function list<T>(item: Codec<T>, count: number): Codec<readonly T[]> {
  return {
    size: item.size * count,
    align: item.align,
    shape: { kind: 'list', item: item.shape, itemSize: item.size, count },
    read: (view, at) => Array.from({ length: count }, (_, index) => item.read(view, at + index * item.size)),
    write: (view, at, values) => {
      for (const [index, value] of values.slice(0, count).entries()) item.write(view, at + index * item.size, value)
    },
  }
}

/** The bytes of a value. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const made = new Uint8Array(codec.size)
  codec.write(new DataView(made.buffer), 0, value)
  return made
}

/**
 * The value of bytes; more than the codec's size may follow.
 * @throws {RangeError} if there are fewer.
 */
export function decode<T>(codec: Codec<T>, from: Uint8Array): T {
  if (from.length < codec.size) throw new RangeError(`${codec.size} bytes are needed, and there are ${from.length}`)
  return codec.read(new DataView(from.buffer, from.byteOffset, from.byteLength), 0)
}
