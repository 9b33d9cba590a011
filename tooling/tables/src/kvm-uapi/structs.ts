import { fieldPaths, structs } from '@vmm/kvm-uapi'
import type { FieldShape, Shape } from '@vmm/layout'
import { sourceJson, sourceSchema } from '../lifetime-json.ts'
import { arrayOf, integer, oneOf, record, text } from '../schema.ts'
import type { Table } from '../table.ts'

const field = record({
  path: text('the name in C, from the beginning of the struct'),
  offset: integer('bytes from the beginning of the struct'),
  size: integer('bytes; 0 for an array of variable length'),
  type: text(
    'u8 to u64, i16 to i64, a struct’s tag, `struct` or `union` for one without, each with [count] for a row of them',
  ),
  'role?': oneOf(
    ['padding', 'flexible', 'alias'],
    'absent for a value; padding means nothing and is zero, flexible has as many items as a count says, alias is another name for earlier bytes',
  ),
  'pointsTo?': text('the field is an address, and of what'),
  'says?': text(),
})

/** Structs with every field, as C names them. */
export const structTable: Table = {
  folder: 'packages/abi/kvm-uapi',
  name: 'structs',
  says: 'The structs of KVM’s interface on x86-64, little endian, with the place of every field.',
  row: record({
    name: text('the tag in C, without `struct`'),
    says: text(),
    header: oneOf(['asm', 'linux'], 'asm/kvm.h or linux/kvm.h'),
    size: integer('sizeof, without an array of variable length at the end'),
    align: integer(),
    fields: arrayOf(field),
    readIn: text('the release whose header was read'),
    source: sourceSchema,
  }),
  rows: () =>
    structs.map(({ name, says, header, size, align, fields, readIn, source }) => ({
      name,
      says,
      header,
      size,
      align,
      fields: fieldPaths(fields).map(({ path, offset, field }) => fieldJson(path, offset, field)),
      readIn,
      source: sourceJson(source),
    })),
}

function fieldJson(path: string, offset: number, { size, shape, role, says }: FieldShape): object {
  return {
    path,
    offset,
    size,
    type: typeOf(shape),
    ...(role === 'value' ? {} : { role }),
    ...(shape.kind === 'scalar' && shape.pointsTo !== undefined ? { pointsTo: shape.pointsTo } : {}),
    ...(says === undefined ? {} : { says }),
  }
}

function typeOf(shape: Shape): string {
  if (shape.kind === 'scalar') return shape.type
  if (shape.kind === 'bytes') return `u8[${shape.count}]`
  if (shape.kind === 'list') return `${typeOf(shape.item)}[${shape.count}]`
  return shape.name ?? shape.kind
}
