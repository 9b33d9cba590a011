import {
  createDecoded,
  createRecords,
  decode,
  decodeMany,
  format,
  formatMany,
  formatRecord,
  recordSize,
  recordWords,
} from '@vmm/x86-decoder'
import { Decoder, FastFormatter, Formatter, FormatterSyntax, Instruction, OpKind } from 'iced-x86'

/** What is looked at goes here, so that nothing is left out. */
export const seen = { sum: 0 }

/** Decodes some code from its beginning to its end and looks at every result. Gives the number of instructions. */
export type Peer = (code: Uint8Array) => number

const { length, row, flags, operands, address, displacement, low, offset } = recordWords
const records = createRecords(512)

/** Where the instruction behind the last of so many records is. */
function behind(found: number): number {
  const last = (found - 1) * recordSize
  return records[last + offset]! + records[last + length]!
}

/** Ours, many at once: of each instruction length, row, and each operand with its address or its number. */
export function ofRecords(code: Uint8Array): number {
  let count = 0
  for (let at = 0; at < code.length; ) {
    const found = decodeMany(code, at, code.length, 64, records)
    if (found === 0) break
    let sum = 0
    for (let from = 0; from < found * recordSize; from += recordSize) sum ^= seenOf(from)
    seen.sum ^= sum
    at = behind(found)
    count += found
  }
  return count
}

/** Address, displacement and number are looked at whether or not an operand has them: that is cheaper than to ask. */
function seenOf(from: number): number {
  const registers = records[from + operands]! ^ records[from + operands + 1]! ^ records[from + operands + 2]!
  const numbers = records[from + address]! ^ records[from + displacement]! ^ records[from + low]!
  let sum = records[from + length]! ^ records[from + row]! ^ registers ^ numbers
  for (let more = records[from + flags]! & 7; more > 3; more -= 1) sum ^= records[from + operands + more - 1]!
  return sum
}

const decoded = createDecoded()

function each(code: Uint8Array, see: () => number): number {
  let count = 0
  for (let at = 0; at < code.length; count += 1) {
    const failed = decode(code, at, code.length, 64, decoded) !== undefined
    if (!failed) seen.sum ^= see()
    at += failed ? 1 : decoded.length
  }
  return count
}

/** Ours, one by one. */
export const oneByOne: Peer = (code) =>
  each(code, () => {
    let sum = decoded.length ^ decoded.row
    for (let at = 0; at < decoded.count; at += 1) {
      const operand = decoded.operands[at]!
      if (operand.kind === 'register') sum ^= operand.index
      else if (operand.kind === 'memory') sum ^= decoded.base ^ decoded.index ^ decoded.scale ^ decoded.displacement
      else sum ^= operand.low
    }
    return sum
  })

/** The last character, so that the text is made. */
const endOf = (text: string): number => text.charCodeAt(text.length - 1)

/** Ours, decoded and formatted. */
export const formatted: Peer = (code) => each(code, () => endOf(format(decoded)))

/** Ours, many at once, and formatted. */
export function recordsFormatted(code: Uint8Array): number {
  let count = 0
  for (let at = 0; at < code.length; ) {
    const found = decodeMany(code, at, code.length, 64, records)
    if (found === 0) break
    for (let number = 0; number < found; number += 1)
      if (records[number * recordSize + row]! >= 0) seen.sum ^= endOf(formatRecord(records, number))
    at = behind(found)
    count += found
  }
  return count
}

/** Looks at the last character of each line; gives their number. */
function endsOf(listing: string): number {
  let count = 0
  for (let at = listing.indexOf('\n'); at >= 0; at = listing.indexOf('\n', at + 1)) {
    seen.sum ^= listing.charCodeAt(at - 1)
    count += 1
  }
  return count
}

const linesAtOnce = 4096
const manyRecords = createRecords(linesAtOnce)

/** Ours, many at once, and formatted at once: a listing. */
export function recordsListed(code: Uint8Array): number {
  let count = 0
  for (let at = 0; at < code.length; ) {
    const found = decodeMany(code, at, code.length, 64, manyRecords)
    if (found === 0) break
    count += endsOf(formatMany(manyRecords, found))
    const last = (found - 1) * recordSize
    at = manyRecords[last + offset]! + manyRecords[last + length]!
  }
  return count
}

/** What the peer's users ask of an instruction: the same. */
function look(instruction: Instruction): number {
  let sum = instruction.length ^ instruction.mnemonic
  const count = instruction.opCount
  for (let at = 0; at < count; at += 1) {
    const kind = instruction.opKind(at)
    if (kind === OpKind.Register) sum ^= instruction.opRegister(at)
    else if (kind === OpKind.Memory)
      sum ^=
        instruction.memoryBase ^
        instruction.memoryIndex ^
        instruction.memoryIndexScale ^
        Number(BigInt.asIntN(32, instruction.memoryDisplacement))
    else if (kind >= OpKind.Immediate8 && kind <= OpKind.Immediate32to64)
      sum ^= Number(BigInt.asIntN(32, instruction.immediate(at)))
    else sum ^= Number(BigInt.asIntN(32, instruction.nearBranchTarget))
  }
  return sum
}

/** iced-x86 as the first example of its README has it: all instructions, each an object that is freed. */
export const icedAll: Peer = (code) => {
  const decoder = new Decoder(64, code, 0)
  const instructions = decoder.decodeAll()
  let sum = 0
  for (const instruction of instructions) {
    sum ^= look(instruction)
    instruction.free()
  }
  seen.sum ^= sum
  decoder.free()
  return instructions.length
}

/** iced-x86, an object an instruction. */
export const icedOne: Peer = (code) => {
  const decoder = new Decoder(64, code, 0)
  let count = 0
  for (; decoder.canDecode; count += 1) {
    const instruction = decoder.decode()
    seen.sum ^= look(instruction)
    instruction.free()
  }
  decoder.free()
  return count
}

function icedReused(code: Uint8Array, see: (instruction: Instruction) => number): number {
  const decoder = new Decoder(64, code, 0)
  const instruction = new Instruction()
  let count = 0
  for (; decoder.canDecode; count += 1) {
    decoder.decodeOut(instruction)
    seen.sum ^= see(instruction)
  }
  instruction.free()
  decoder.free()
  return count
}

/** iced-x86, one object for all. */
export const icedOut: Peer = (code) => icedReused(code, look)

/** iced-x86's formatter for Intel's syntax. */
export const icedFormatted: Peer = (code) => {
  const formatter = new Formatter(FormatterSyntax.Intel)
  const count = icedReused(code, (instruction) => endOf(formatter.format(instruction)))
  formatter.free()
  return count
}

/** iced-x86's faster formatter. */
export const icedFast: Peer = (code) => {
  const formatter = new FastFormatter()
  const count = icedReused(code, (instruction) => endOf(formatter.format(instruction)))
  formatter.free()
  return count
}

/** iced-x86's formatter, and its texts put together as ours are: a listing. */
export const icedListed: Peer = (code) => {
  const formatter = new Formatter(FormatterSyntax.Intel)
  let [listing, lines] = ['', 0]
  const count = icedReused(code, (instruction) => {
    listing += `${formatter.format(instruction)}\n`
    lines += 1
    if (lines === linesAtOnce) {
      endsOf(listing)
      listing = ''
      lines = 0
    }
    return 0
  })
  endsOf(listing)
  formatter.free()
  return count
}
