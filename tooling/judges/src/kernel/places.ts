import { type AnyStruct, structs } from '@vmm/kvm-uapi'
import type { FieldShape, Shape } from '@vmm/layout'

/** Bytes of a struct that have a name. */
export interface Place {
  readonly path: string
  readonly offset: number
  readonly size: number
  /** Whether they are a number, or bytes that no name tells apart. */
  readonly kind: 'number' | 'bytes'
}

/** Lists of more scalars than that are told as bytes. */
const mostScalars = 8

/** The struct of a C tag. */
export function structNamed(name: string): AnyStruct | undefined {
  return structs.find((struct) => struct.name === name)
}

/** Bytes that a shape takes. */
function sizeOf(shape: Shape): number {
  switch (shape.kind) {
    case 'scalar':
      return Number(shape.type.slice(1)) / 8
    case 'bytes':
      return shape.count
    case 'list':
      return shape.itemSize * shape.count
    default:
      return (
        structNamed(shape.name ?? '')?.size ?? Math.max(0, ...shape.fields.map(({ offset, size }) => offset + size))
      )
  }
}

/** The array of variable length behind a struct: where it begins, its name and the size of an item. */
export function itemsOf(struct: AnyStruct): { readonly field: FieldShape; readonly size: number } | undefined {
  const field = struct.fields.find(({ role }) => role === 'flexible')
  return field && { field, size: sizeOf(field.shape) }
}

/** Every byte of a struct, by name, in memory order; bytes between fields are told as `padding`. */
export function placesOf(fields: readonly FieldShape[], size: number): readonly Place[] {
  const named = withoutAliases(fields).flatMap((field) =>
    placesIn(field.shape, field.anonymous ? '' : field.name, field.offset),
  )
  const places: Place[] = []
  let at = 0
  for (const place of named) {
    if (place.offset > at) places.push({ path: `padding@${at}`, offset: at, size: place.offset - at, kind: 'bytes' })
    places.push(place)
    at = place.offset + place.size
  }
  if (at < size) places.push({ path: `padding@${at}`, offset: at, size: size - at, kind: 'bytes' })
  return places
}

const withoutAliases = (fields: readonly FieldShape[]) =>
  fields.filter(({ role }) => role !== 'alias' && role !== 'flexible')

/** The places of one item of an array. */
export function placesIn(shape: Shape, path: string, offset: number): readonly Place[] {
  const size = sizeOf(shape)
  switch (shape.kind) {
    case 'scalar':
      return [{ path, offset, size, kind: 'number' }]
    case 'list': {
      if (shape.item.kind === 'scalar' && shape.count > mostScalars) return [{ path, offset, size, kind: 'bytes' }]
      return Array.from({ length: shape.count }, (_, nth) =>
        placesIn(shape.item, `${path}[${nth}]`, offset + nth * shape.itemSize),
      ).flat()
    }
    case 'struct': {
      const inner = placesOf(shape.fields, size)
      const before = path === '' ? '' : `${path}.`
      return inner.map((place) => ({ ...place, path: `${before}${place.path}`, offset: offset + place.offset }))
    }
    default:
      return [{ path: path === '' ? 'union' : path, offset, size, kind: 'bytes' }]
  }
}

/**
 * Where `exception.nr`, `xcrs[1].value` or an arm's `u.irqchip.pin` lies.
 * @throws {RangeError} if there is no such field.
 */
export function placeOf(fields: readonly FieldShape[], path: string): Place {
  let shape: Shape | undefined = { kind: 'struct', fields }
  let offset = 0
  for (const [word] of path.matchAll(/\w+/g)) {
    if (shape?.kind === 'list') {
      offset += Number(word) * shape.itemSize
      shape = shape.item
    } else if (shape?.kind === 'bytes') {
      return { path, offset: offset + Number(word), size: 1, kind: 'number' }
    } else {
      const found: FieldShape | undefined = shape && 'fields' in shape ? fieldNamed(shape.fields, word) : undefined
      if (found === undefined) throw new RangeError(`there is no field ${path}`)
      offset += found.offset
      shape = found.shape
    }
  }
  if (shape === undefined) throw new RangeError(`there is no field ${path}`)
  return { path, offset, size: sizeOf(shape), kind: shape.kind === 'scalar' ? 'number' : 'bytes' }
}

/** A field, also one of those that C puts into the struct without a name for what is around them. */
function fieldNamed(fields: readonly FieldShape[], name: string): FieldShape | undefined {
  for (const field of fields) {
    if (field.name === name && !field.anonymous) return field
    if (!field.anonymous || !('fields' in field.shape)) continue
    const inner = fieldNamed(field.shape.fields, name)
    if (inner !== undefined) return { ...inner, offset: field.offset + inner.offset }
  }
  return undefined
}
