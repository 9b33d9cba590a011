import type { CodeSize } from './decoded.ts'
import { recordSize } from './record.ts'

/** Records of which an `Int32Array` can have so many at most. */
const recordsAtMost = 2 ** 27

/** How a line names what was given. */
export const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

/** Refuses code that is none: `RangeError` or `TypeError`, one line that says what was given and what was expected. */
export function checkCode(bytes: Uint8Array, offset: number, end: number, codeSize: CodeSize): void {
  const isSize = codeSize === 64 || codeSize === 32 || codeSize === 16
  const isRange = Number.isInteger(offset) && Number.isInteger(end) && offset >= 0
  if (!(isSize && isRange && end <= bytes?.length && bytes.BYTES_PER_ELEMENT === 1))
    refuseCode(bytes, offset, end, codeSize)
}

function refuseCode(bytes: unknown, offset: number, end: number, codeSize: unknown): never {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${shown(bytes)} is no code: expected a Uint8Array`)
  if (!Number.isInteger(offset) || !Number.isInteger(end) || offset < 0 || end > bytes.length)
    throw new RangeError(`no code from ${shown(offset)} to ${shown(end)}: expected a part of 0 to ${bytes.length}`)
  throw new RangeError(`a code size of ${shown(codeSize)}: expected 16, 32 or 64`)
}

/** Refuses what cannot hold records. */
export function checkRecords(records: Int32Array): void {
  if (!(records instanceof Int32Array))
    throw new TypeError(`${shown(records)} holds no records: expected an Int32Array, as createRecords gives it`)
}

/** Refuses a number that no record has. */
export function checkRecord(records: Int32Array, number: number): void {
  checkRecords(records)
  checkCount('record', number, Math.floor(records.length / recordSize) - 1)
}

/** Refuses more records than there are. */
export function checkRecordCount(records: Int32Array, count: number): void {
  checkRecords(records)
  checkCount('so many records', count, Math.floor(records.length / recordSize))
}

/** Refuses to make room for what is no number of records, or too many. */
export function checkRoom(count: number): void {
  checkCount('room for so many records', count, recordsAtMost)
}

function checkCount(what: string, number: number, most: number): void {
  if (!Number.isInteger(number) || number < 0 || number > most)
    throw new RangeError(`${what}: ${shown(number)}, expected a whole number from 0 to ${most}`)
}

/** Refuses an opcode of no legacy map. */
export function checkOpcode(map: number, opcode: number): void {
  checkCount('map', map, 3)
  checkCount('opcode', opcode, 0xff)
}
