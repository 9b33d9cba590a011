import { type X87Format, type X87Operation, x87Formats, x87Operations } from './x87-operations.rows.ts'

/** The number that stands for an operation on a format. */
export function x87Number(operation: X87Operation, format: X87Format = 'register'): number {
  return x87Operations.indexOf(operation) | (x87Formats.indexOf(format) << 8)
}
