import { checkRoom } from './checks.ts'
import { recordSize } from './record.ts'

/** Room for so many records. Throws a `RangeError` for what is no number of records. */
export function createRecords(count: number): Int32Array {
  checkRoom(count)
  return new Int32Array(count * recordSize)
}
