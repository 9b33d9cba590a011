/** The kinds of field a struct can hold, with size and alignment in bytes. Little endian throughout. */
const kinds = {
  u8: { size: 1, align: 1 },
  u16: { size: 2, align: 2 },
  u32: { size: 4, align: 4 },
  i32: { size: 4, align: 4 },
  u64: { size: 8, align: 8 },
  v128: { size: 16, align: 16 },
} as const

/** A value in memory: `u` for unsigned, `i` for signed, and its bits; `v128` for a vector register's worth. */
export type FieldKind = keyof typeof kinds

/** A field: one value, `count` values in a row, or raw bytes with an alignment. */
export type FieldType = FieldKind | readonly [FieldKind, number] | { readonly bytes: number; readonly align: number }

/** A struct as a table of fields in memory order. */
export interface Layout<Name extends string = string> {
  /** Size in bytes, rounded up to the struct's alignment. */
  readonly size: number
  /** Byte offset of each field. */
  readonly offset: Readonly<Record<Name, number>>
  readonly type: Readonly<Record<Name, FieldType>>
}

/** Size in bytes of a field. */
export function sizeOf(type: FieldType): number {
  if (typeof type === 'string') return kinds[type].size
  return 'bytes' in type ? type.bytes : kinds[type[0]].size * type[1]
}

function alignOf(type: FieldType): number {
  if (typeof type === 'string') return kinds[type].align
  return 'bytes' in type ? type.align : kinds[type[0]].align
}

const rounded = (value: number, to: number): number => Math.ceil(value / to) * to

/** Lays fields out in the order given, each at its natural alignment, as a C compiler would. */
export function layout<const T extends Readonly<Record<string, FieldType>>>(type: T): Layout<keyof T & string> {
  const offset: Record<string, number> = {}
  let end = 0
  let align = 1
  for (const [name, field] of Object.entries(type)) {
    offset[name] = rounded(end, alignOf(field))
    end = offset[name] + sizeOf(field)
    align = Math.max(align, alignOf(field))
  }
  // a copy, because what has grown name by name is a hash table to V8, several times as slow to read
  return { size: rounded(end, align), offset: { ...offset } as Layout<keyof T & string>['offset'], type }
}

/** Reads and writes the scalar fields of one struct in a buffer. Values wider than 32 bits are bigint. */
export class StructView<Name extends string> {
  readonly #layout: Layout<Name>
  readonly #view: DataView
  readonly #base: number

  constructor(layout: Layout<Name>, buffer: ArrayBufferLike, base = 0) {
    this.#layout = layout
    this.#view = new DataView(buffer)
    this.#base = base
  }

  /** The field as an unsigned (or for `i32` signed) number; wider fields must be read with `big`. */
  number(name: Name): number {
    const at = this.#base + this.#layout.offset[name]
    switch (this.#layout.type[name]) {
      case 'u8':
        return this.#view.getUint8(at)
      case 'u16':
        return this.#view.getUint16(at, true)
      case 'u32':
        return this.#view.getUint32(at, true)
      case 'i32':
        return this.#view.getInt32(at, true)
      default:
        throw new TypeError(`${name} is no field of at most 32 bits`)
    }
  }

  setNumber(name: Name, value: number): void {
    const at = this.#base + this.#layout.offset[name]
    switch (this.#layout.type[name]) {
      case 'u8':
        return this.#view.setUint8(at, value)
      case 'u16':
        return this.#view.setUint16(at, value, true)
      case 'u32':
        return this.#view.setUint32(at, value, true)
      case 'i32':
        return this.#view.setInt32(at, value, true)
      default:
        throw new TypeError(`${name} is no field of at most 32 bits`)
    }
  }

  /** The field as a bigint, whatever its width up to 64 bits. */
  big(name: Name): bigint {
    if (this.#layout.type[name] !== 'u64') return BigInt(this.number(name))
    return this.#view.getBigUint64(this.#base + this.#layout.offset[name], true)
  }

  setBig(name: Name, value: bigint): void {
    if (this.#layout.type[name] !== 'u64') return this.setNumber(name, Number(value))
    this.#view.setBigUint64(this.#base + this.#layout.offset[name], BigInt.asUintN(64, value), true)
  }
}
