import type { FieldShape } from '@vmm/layout'

/** A field by the name that C gives it from its struct's beginning: `exception.nr`, `exit`-less `mmio.phys_addr`. */
export interface FieldPath {
  readonly path: string
  readonly field: FieldShape
  /** Bytes from the beginning of the outermost struct. */
  readonly offset: number
}

/** Every field of a struct, and those within them, in memory order. What has no name in C has no path either. */
export function fieldPaths(fields: readonly FieldShape[]): readonly FieldPath[] {
  return within(fields, '', 0)
}

function within(fields: readonly FieldShape[], before: string, from: number): readonly FieldPath[] {
  return fields.flatMap((field) => {
    const offset = from + field.offset
    const inner = 'fields' in field.shape && field.role !== 'flexible' ? field.shape.fields : []
    if (field.anonymous) return within(inner, before, offset)
    const path = `${before}${field.name}`
    return [{ path, field, offset }, ...within(inner, `${path}.`, offset)]
  })
}
