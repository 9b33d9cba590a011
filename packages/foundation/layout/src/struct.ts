import type { Codec, FieldRole, FieldShape, ValueOf } from './codec.ts'

/** Bytes that mean nothing: no field of the value, and zero when written. */
export interface Padding {
  readonly padding: Codec<unknown>
}

/** An array at the end that is as long as a count somewhere says: no field of the value, and no part of the size. */
export interface Flexible<T = unknown> {
  readonly flexible: Codec<T>
}

/** Another name, and perhaps another kind, for the bytes of an earlier field: no field of the value. */
export interface Alias {
  readonly alias: string
  readonly codec: Codec<unknown>
}

/** A field with a sentence about it. */
export interface Said<F extends Field> {
  readonly said: F
  readonly says: string
  readonly anonymous: boolean
}

/** Bytes that mean nothing, as wide and as aligned as a kind. */
export function padding(like: Codec<unknown>): Padding {
  return { padding: like }
}

/** As many of a kind as some count says, behind the struct: `entries: flexible(entry)`. Their codec is `struct.item.entries`. */
export function flexible<T>(item: Codec<T>): Flexible<T> {
  return { flexible: item }
}

/** Another name for an earlier field's bytes: `status: alias('irq', i32)`. */
export function alias(of: string, codec: Codec<unknown>): Alias {
  return { alias: of, codec }
}

/** A field, and what there is to say about it: its unit, what it counts, which way it goes. */
export function said<F extends Field>(field: F, says: string): Said<F> {
  return { said: field, says, anonymous: false }
}

/** A field that C has no name for; its members are named as if they were the struct's own. */
export function anonymous<F extends Field>(field: F, says: string): Said<F> {
  return { said: field, says, anonymous: true }
}

type Field = Codec<unknown> | Padding | Flexible | Alias
type Fields = Readonly<Record<string, Field | Said<Field>>>
type Bare<X> = X extends Said<infer F> ? F : X
type Meaningful<F> = {
  readonly [N in keyof F as Bare<F[N]> extends Padding | Flexible | Alias ? never : N]: ValueOf<Bare<F[N]>>
}

/** A struct: its codec, and where its fields are. */
export interface StructCodec<F extends Fields> extends Codec<Meaningful<F>> {
  /** Byte offset of each field, padding included. */
  readonly offset: { readonly [N in keyof F]: number }
  /** The codecs of the fields. */
  readonly field: { readonly [N in keyof F as Bare<F[N]> extends Codec<unknown> ? N : never]: Bare<F[N]> }
  /** The codec of one item of each array of variable length. */
  readonly item: { readonly [N in keyof F as Bare<F[N]> extends Flexible ? N : never]: ItemOf<Bare<F[N]>> }
}

type ItemOf<X> = X extends Flexible<infer T> ? Codec<T> : never

/** A union: its value is its bytes, and `decode(union.arm.name, value)` reads them one way. */
export interface UnionCodec<F extends Fields> extends Codec<Uint8Array> {
  readonly arm: { readonly [N in keyof F as Bare<F[N]> extends Codec<unknown> ? N : never]: Bare<F[N]> }
}

interface Placed {
  readonly name: string
  readonly codec: Codec<unknown>
  readonly offset: number
  /** Bytes that it takes: none for an array of variable length. */
  readonly size: number
  readonly role: FieldRole
  readonly shape: FieldShape
}

const rounded = (value: number, to: number): number => Math.ceil(value / to) * to

/** Fields in memory order, each at its natural alignment; the value is an object of those that mean something. */
export function struct<const F extends Fields>(fields: F, name?: string): StructCodec<F> {
  const placed = place(fields, 'struct')
  const { size, align } = extent(placed)
  const meaningful = placed.filter(({ role }) => role === 'value')
  return {
    size,
    align,
    shape: shapeOf('struct', name, placed),
    offset: byName(placed, ({ offset }) => offset) as StructCodec<F>['offset'],
    field: codecsOf(placed) as StructCodec<F>['field'],
    item: byName(withRole(placed, 'flexible'), ({ codec }) => codec) as StructCodec<F>['item'],
    read: (view, at) => {
      const value: Record<string, unknown> = {}
      for (const { name, codec, offset } of meaningful) value[name] = codec.read(view, at + offset)
      return value as Meaningful<F>
    },
    write: (view, at, value) => {
      new Uint8Array(view.buffer, view.byteOffset + at, size).fill(0)
      const values = value as Readonly<Record<string, unknown>>
      for (const { name, codec, offset } of meaningful) codec.write(view, at + offset, values[name])
    },
  }
}

/** Fields that all begin at the same byte; as big as the biggest. */
export function union<const F extends Fields>(arms: F, name?: string): UnionCodec<F> {
  const placed = place(arms, 'union')
  const { size, align } = extent(placed)
  const within = (view: DataView, at: number) => new Uint8Array(view.buffer, view.byteOffset + at, size)
  return {
    size,
    align,
    shape: shapeOf('union', name, placed),
    arm: codecsOf(placed) as UnionCodec<F>['arm'],
    read: (view, at) => within(view, at).slice(),
    write: (view, at, value) => {
      within(view, at).fill(0)
      within(view, at).set(value.subarray(0, size))
    },
  }
}

function place(fields: Fields, kind: 'struct' | 'union'): readonly Placed[] {
  const placed: Placed[] = []
  let end = 0
  for (const [name, given] of Object.entries(fields)) {
    const about = 'said' in given ? given : undefined
    const { codec, role, of } = plain(about?.said ?? (given as Field))
    const first = placed.find((other) => other.name === of)?.offset
    const offset = first ?? (kind === 'union' ? 0 : rounded(end, codec.align))
    const size = role === 'flexible' ? 0 : codec.size
    if (role !== 'alias') end = offset + size
    const told = about === undefined ? {} : { says: about.says }
    const named = { name, offset, size, role, anonymous: about?.anonymous ?? false, ...told }
    placed.push({ name, codec, offset, size, role, shape: { ...named, shape: codec.shape } })
  }
  return placed
}

function plain(field: Field): { codec: Codec<unknown>; role: FieldRole; of?: string } {
  if ('padding' in field) return { codec: field.padding, role: 'padding' }
  if ('flexible' in field) return { codec: field.flexible as Codec<unknown>, role: 'flexible' }
  if ('alias' in field) return { codec: field.codec, role: 'alias', of: field.alias }
  return { codec: field as Codec<unknown>, role: 'value' }
}

function extent(placed: readonly Placed[]): { readonly size: number; readonly align: number } {
  const align = Math.max(1, ...placed.map(({ codec }) => codec.align))
  return { size: rounded(Math.max(0, ...placed.map(({ offset, size }) => offset + size)), align), align }
}

const shapeOf = (kind: 'struct' | 'union', name: string | undefined, placed: readonly Placed[]) => ({
  kind,
  ...(name === undefined ? {} : { name }),
  fields: placed.map(({ shape }) => shape),
})

const withRole = (placed: readonly Placed[], role: FieldRole): readonly Placed[] =>
  placed.filter((field) => field.role === role)

const codecsOf = (placed: readonly Placed[]) => byName(withRole(placed, 'value'), ({ codec }) => codec)

const byName = <T>(placed: readonly Placed[], of: (field: Placed) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(placed.map((field) => [field.name, of(field)]))
