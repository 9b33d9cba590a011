import { checkRecordCount } from './checks.ts'
import { formatRecord } from './format-record.ts'
import * as layout from './line-layout.ts'
import { fillAddress, fillForm, fillRegister } from './line-parts.ts'
import * as record from './record.ts'

// constants of this module are constants in compiled code
const { recordSize } = record
const { length, row, flags, address, displacement, low, high, operands, offset } = record.recordWords
const { formWords, formStride, formCount, traits, addressStride, addressCount, addressOfKind, registerStride } = layout
const { traits: traitsWord, mask: maskWord, head, headText, size, sizeText } = formWords
const { odd, wide, target16, target32, count: countMask } = traits
const codeSize64 = record.put(record.flagFields.codeSize, 2)

/** Forms of lines, addresses without their numbers, and registers, as `line-parts.ts` makes them when they first come. */
const forms = /* @__PURE__ */ new Int32Array(formStride * formCount)
const addresses = /* @__PURE__ */ new Int32Array(addressStride * addressCount)
const registers = /* @__PURE__ */ new Int32Array(registerStride << 14)
let used = 0

/** Lines are written here, and made a string when there are so many bytes of them; behind is room for the longest line. */
const full = 1 << 15
const bytes = /* @__PURE__ */ new Uint8Array(full + 512)
const view = /* @__PURE__ */ new DataView(bytes.buffer)

/** Characters: of one byte, and of several that are written at once. */
const [lineFeed, plus, minus, dollar, bracket] = [0x0a, 0x2b, 0x2d, 0x24, 0x5d]
const [comma, hexadecimal, rel] = [0x20_2c, 0x78_30, 0x20_6c_65_72]

/** What turns bytes into text; it is no part of ECMAScript. */
interface Codecs {
  readonly TextDecoder: new () => { decode(bytes: Uint8Array): string }
}

/** Where the byte with the offset 0 is, in halves; undefined: nowhere. */
interface Base {
  readonly low: number
  readonly high: number
}

/**
 * The texts of the first `count` records, a line each, as `format` gives them, each line ended by a line feed; of bytes that are no instruction `(bad)`.
 * The fastest way to write what `decodeMany` found: lines are put together as bytes and made a string once. With `base`, the address of the byte whose offset is 0,
 * branch targets and RIP-relative addresses are absolute.
 */
export function formatMany(records: Int32Array, count: number, base?: bigint): string {
  checkRecordCount(records, count)
  const decoder = new (globalThis as unknown as Codecs).TextDecoder()
  const halves =
    base === undefined
      ? undefined
      : { low: Number(BigInt.asUintN(32, base)), high: Number(BigInt.asUintN(32, base >> 32n)) }
  let text = ''
  for (let number = 0; number < count; ) {
    let to = 0
    for (; number < count && to < full; number += 1) to = writeLine(records, number * recordSize, halves, to)
    text += decoder.decode(bytes.subarray(0, to))
  }
  return text
}

/** Writes a line at `to` and gives where it ends, as all that writes here. */
function writeLine(records: Int32Array, at: number, base: Base | undefined, to: number): number {
  if (records[at + row]! < 0) return writeText('(bad)\n', to)
  const form = formAt(records, at)
  const trait = forms[form + traitsWord]!
  if ((trait & odd) !== 0) return writeOdd(records, at, base, to)
  let next = writeHead(form, to)
  const operandCount = trait & countMask
  for (let operand = 0; operand < operandCount; operand += 1) {
    const word = records[at + operands + operand]!
    if (operand > 0) {
      view.setInt16(next, comma, true)
      next += 2
    }
    const kind = (word >> 10) & 7
    if (kind === 0) next = writeRegister(word, next)
    else if (kind === 1) next = writeMemory(records, at, form, base, next)
    else if (kind === 2) next = writeImmediate(records, at, word, form, next)
    else next = writeTarget(records, at, trait, base, next)
  }
  bytes[next] = lineFeed
  return next + 1
}

/** What is told apart by words of a record: those of registers without their numbers. */
function formAt(records: Int32Array, at: number): number {
  const one = (records[at + row]! + 1) | ((records[at + address]! >>> 18) << 16)
  const flag = records[at + flags]!
  const two = (records[at + operands]! >>> 5) | ((records[at + operands + 1]! >>> 5) << 16)
  const three = records[at + operands + 2]! >>> 5
  let hash = Math.imul(one ^ Math.imul(flag, 0x9e3779b1), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15) ^ two ^ Math.imul(three, 0xc2b2ae35), 0x27d4eb2f)
  let slot = hash >>> 20
  for (;;) {
    const form = slot * formStride
    const key = forms[form]!
    if (key === one && forms[form + 1] === flag && forms[form + 2] === two && forms[form + 3] === three) return form
    if (key === 0) break
    slot = (slot + 1) & (formCount - 1)
  }
  return addForm(records, at, slot, [one, flag, two, three])
}

function addForm(records: Int32Array, at: number, slot: number, key: readonly number[]): number {
  if (used === formCount >> 1) {
    forms.fill(0)
    used = 0
    return formAt(records, at)
  }
  used += 1
  const form = slot * formStride
  fillForm(forms, form, records, at / recordSize)
  forms.set(key, form)
  return form
}

/** What has no form: as `formatRecord` has it. */
function writeOdd(records: Int32Array, at: number, base: Base | undefined, to: number): number {
  const ripAt = base === undefined ? undefined : (BigInt(base.high) << 32n) + BigInt(base.low + records[at + offset]!)
  return writeText(`${formatRecord(records, at / recordSize, ripAt)}\n`, to)
}

function writeText(text: string, to: number): number {
  for (let at = 0; at < text.length; at += 1) bytes[to + at] = text.charCodeAt(at)
  return to + text.length
}

/** Eight bytes at a time, whether or not there are so many. */
function copy(from: Int32Array, place: number, count: number, to: number): void {
  for (let done = 0; done < count; done += 8) {
    view.setInt32(to + done, from[place + (done >> 2)]!, true)
    view.setInt32(to + done + 4, from[place + (done >> 2) + 1]!, true)
  }
}

function writeHead(form: number, to: number): number {
  const count = forms[form + head]!
  copy(forms, form + headText, count, to)
  return to + count
}

function writeRegister(word: number, to: number): number {
  const place = ((((word >> 13) & 0xff) << 6) | (word & 63)) * registerStride
  if (registers[place] === 0) fillRegister(registers, place, word)
  const rest = registers[place + 1]!
  view.setInt32(to, registers[place]!, true)
  view.setInt32(to + 4, rest, true)
  return to + (rest >>> 24)
}

function addressAt(records: Int32Array, at: number): number {
  const key = records[at + address]! | ((records[at + flags]! & codeSize64) << 24)
  const place = (Math.imul(key, 0x9e3779b1) >>> 21) * addressStride
  if (addresses[place] !== key) {
    fillAddress(addresses, place, records, at / recordSize)
    addresses[place] = key
  }
  return place
}

function writeMemory(records: Int32Array, at: number, form: number, base: Base | undefined, to: number): number {
  const sized = forms[form + size]!
  copy(forms, form + sizeText, sized, to)
  const place = addressAt(records, at)
  const info = addresses[place + 1]!
  copy(addresses, place + 2, info & 0xff, to + sized)
  let next = to + sized + (info & 0xff)
  const distance = records[at + displacement]!
  const kind = (info >> 8) & 3
  if (kind === addressOfKind.absolute) next = writeAbsolute(distance, info >> 10, next)
  else if (kind === addressOfKind.rip && base !== undefined) next = writeRip(records, at, base, info >> 10, next)
  else if (distance !== 0) next = writeDistance(distance, next)
  bytes[next] = bracket
  return next + 1
}

/** An address alone, by the code of its size. */
function writeAbsolute(distance: number, sizeCode: number, to: number): number {
  if (sizeCode === 2) return writeLong(distance, distance >> 31, to)
  return writeNumber(sizeCode === 0 ? distance & 0xffff : distance, to)
}

/** Where a RIP-relative address is, over the name of RIP. */
function writeRip(records: Int32Array, at: number, base: Base, sizeCode: number, to: number): number {
  view.setInt32(to - 3, rel, true)
  return writePlace(records, at, records[at + displacement]!, base, sizeCode, to + 1)
}

/** A distance from the end of an instruction as the address that it leads to, of 16, 32 or 64 bits by the code of its size. */
function writePlace(
  records: Int32Array,
  at: number,
  distance: number,
  base: Base,
  sizeCode: number,
  to: number,
): number {
  const sum = base.low + records[at + offset]! + records[at + length]! + distance
  if (sizeCode === 2) return writeLong(sum | 0, (base.high + Math.floor(sum / 0x1_0000_0000)) | 0, to)
  return writeNumber(sizeCode === 0 ? sum & 0xffff : sum | 0, to)
}

function writeDistance(distance: number, to: number): number {
  bytes[to] = distance < 0 ? minus : plus
  return writeNumber(distance < 0 ? -distance | 0 : distance | 0, to + 1)
}

function writeImmediate(records: Int32Array, at: number, word: number, form: number, to: number): number {
  // what the opcode implies is in the operand
  if (((word >> 6) & 15) === 0) return writeNumber(word & 31, to)
  const value = records[at + low]!
  if ((forms[form + traitsWord]! & wide) !== 0) return writeLong(value, records[at + high]!, to)
  return writeNumber(value & forms[form + maskWord]!, to)
}

/** Where a branch goes. */
function writeTarget(records: Int32Array, at: number, trait: number, base: Base | undefined, to: number): number {
  const distance = records[at + low]!
  if (base === undefined) {
    bytes[to] = dollar
    return writeDistance(records[at + length]! + distance, to + 1)
  }
  const sizeCode = (trait & target16) !== 0 ? 0 : (trait & target32) !== 0 ? 1 : 2
  return writePlace(records, at, distance, base, sizeCode, to)
}

/** A number of 32 bits without sign as assemblers write it: up to 9 in decimal, above in hexadecimal. */
function writeNumber(value: number, to: number): number {
  if (value >>> 0 < 10) {
    bytes[to] = 0x30 | value
    return to + 1
  }
  view.setInt16(to, hexadecimal, true)
  return writeDigits(value, to + 2)
}

/** One of 64 bits, likewise. */
function writeLong(lower: number, upper: number, to: number): number {
  if (upper === 0) return writeNumber(lower, to)
  view.setInt16(to, hexadecimal, true)
  const next = writeDigits(upper, to + 2)
  view.setInt32(next, fourDigits(lower >>> 16), true)
  view.setInt32(next + 4, fourDigits(lower & 0xffff), true)
  return next + 8
}

/** As few digits as will do, of a number that is not 0. */
function writeDigits(value: number, to: number): number {
  const count = (35 - Math.clz32(value)) >> 2
  const first = value << (32 - 4 * count)
  view.setInt32(to, fourDigits(first >>> 16), true)
  if (count > 4) view.setInt32(to + 4, fourDigits(first & 0xffff), true)
  return to + count
}

/** The four digits of a number of 16 bits as four characters, the first in the lowest byte. */
function fourDigits(value: number): number {
  const halves = (value >>> 8) | ((value & 0xff) << 16)
  const digits = ((halves >>> 4) & 0x000f_000f) | ((halves & 0x000f_000f) << 8)
  const letters = ((digits + 0x0606_0606) >>> 4) & 0x0101_0101
  return digits + 0x3030_3030 + Math.imul(letters, 0x27)
}
