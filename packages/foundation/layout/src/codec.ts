/** How values of one kind lie in bytes: little endian, as a C compiler for x86-64 lays them out. */
export interface Codec<T> {
  /** Size in bytes, padding behind the last field included. */
  readonly size: number
  readonly align: number
  read(view: DataView, at: number): T
  write(view: DataView, at: number, value: T): void
}

/** What a codec reads and writes. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never

const scalar = (size: 1 | 2 | 4, method: 'Uint8' | 'Uint16' | 'Uint32'): Codec<number> => ({
  size,
  align: size,
  read: (view, at) => view[`get${method}`](at, true),
  write: (view, at, value) => view[`set${method}`](at, value, true),
})

/** An unsigned byte; what is written is cut to its width. */
export const u8: Codec<number> = scalar(1, 'Uint8')
/** 16 unsigned bits. */
export const u16: Codec<number> = scalar(2, 'Uint16')
/** 32 unsigned bits. */
export const u32: Codec<number> = scalar(4, 'Uint32')

/** 64 unsigned bits, a bigint. */
export const u64: Codec<bigint> = {
  size: 8,
  align: 8,
  read: (view, at) => view.getBigUint64(at, true),
  write: (view, at, value) => view.setBigUint64(at, BigInt.asUintN(64, value), true),
}

/** `count` bytes as they are. What is too short is followed by zeros, what is too long is cut. */
export function bytes(count: number): Codec<Uint8Array> {
  const within = (view: DataView, at: number) => new Uint8Array(view.buffer, view.byteOffset + at, count)
  return {
    size: count,
    align: 1,
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
    read: (view, at) => Array.from({ length: count }, (_, index) => item.read(view, at + index * item.size)),
    write: (view, at, values) => {
      for (const [index, value] of values.slice(0, count).entries()) item.write(view, at + index * item.size, value)
    },
  }
}

/** Bytes that mean nothing: no field of the value, and zero when written. */
export interface Padding {
  readonly padding: Codec<unknown>
}

/** Bytes that mean nothing, as wide and as aligned as a kind. */
export function padding(like: Codec<unknown>): Padding {
  return { padding: like }
}

type Fields = Readonly<Record<string, Codec<never> | Codec<unknown> | Padding>>
type Meaningful<F> = { readonly [N in keyof F as F[N] extends Padding ? never : N]: ValueOf<F[N]> }

/** A struct: its codec, and where its fields are. */
export interface StructCodec<F extends Fields> extends Codec<Meaningful<F>> {
  /** Byte offset of each field, padding included. */
  readonly offset: { readonly [N in keyof F]: number }
}

const rounded = (value: number, to: number): number => Math.ceil(value / to) * to

/** Fields in memory order, each at its natural alignment; the value is an object of those that mean something. */
export function struct<const F extends Fields>(fields: F): StructCodec<F> {
  const offset: Record<string, number> = {}
  const meaningful: [string, Codec<unknown>][] = []
  let end = 0
  let align = 1
  for (const [name, field] of Object.entries(fields)) {
    const codec = ('padding' in field ? field.padding : field) as Codec<unknown>
    offset[name] = rounded(end, codec.align)
    end = offset[name] + codec.size
    align = Math.max(align, codec.align)
    if (!('padding' in field)) meaningful.push([name, codec])
  }
  const size = rounded(end, align)
  return {
    size,
    align,
    offset: offset as StructCodec<F>['offset'],
    read: (view, at) =>
      Object.fromEntries(
        meaningful.map(([name, codec]) => [name, codec.read(view, at + offset[name]!)]),
      ) as Meaningful<F>,
    write: (view, at, value) => {
      new Uint8Array(view.buffer, view.byteOffset + at, size).fill(0)
      const values = value as Readonly<Record<string, unknown>>
      for (const [name, codec] of meaningful) codec.write(view, at + offset[name]!, values[name])
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
