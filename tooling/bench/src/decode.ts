import { readFileSync } from 'node:fs'
import { createDecoded, decode, format } from '@vmm/x86-decoder'
import { Decoder, Instruction } from 'iced-x86'

const rounds = 5
const mostBytes = 8 << 20

/** What one round came to. */
interface Round {
  readonly instructions: number
  /** Millions a second of processor time. */
  readonly rate: number
}

/**
 * Decodes the text of an ELF file, of this Node if none is named, from its beginning to its end, by our decoder and by iced-x86's JavaScript
 * API: same bytes, same process, every result looked at. Prints medians.
 */
export async function benchDecode([path = process.execPath]: readonly string[]): Promise<void> {
  const text = textOf(readFileSync(path)).subarray(0, mostBytes)
  const peer = text.subarray(0, 1 << 20)
  const results = { decode: [] as number[], iced: [] as number[], format: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    results.decode.push(timed(() => byOurs(text)).rate)
    results.iced.push(timed(() => byIced(peer)).rate)
    results.format.push(timed(() => formatted(peer)).rate)
  }
  const [ours, theirs, texts] = [median(results.decode), median(results.iced), median(results.format)]
  console.table([
    { what: '@vmm/x86-decoder, decode', 'M/s': ours.toFixed(2) },
    { what: 'iced-x86, decodeOut', 'M/s': theirs.toFixed(2) },
    { what: '@vmm/x86-decoder, decode and format', 'M/s': texts.toFixed(2) },
  ])
  console.log(`${(ours / theirs).toFixed(1)} times iced-x86 (what was looked at sums up to ${sink >>> 0})`)
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

function timed(run: () => number): Round {
  const before = process.cpuUsage().user
  const instructions = run()
  const microseconds = process.cpuUsage().user - before
  return { instructions, rate: instructions / microseconds }
}

/** What is looked at goes here, so that nothing is left out. */
let sink = 0

const decoded = createDecoded()

function byOurs(bytes: Uint8Array): number {
  let count = 0
  for (let at = 0; at < bytes.length; count += 1) {
    if (decode(bytes, at, bytes.length, 64, decoded) !== undefined) {
      at += 1
      continue
    }
    sink ^= decoded.row ^ decoded.displacement
    for (let operand = 0; operand < decoded.count; operand += 1) sink ^= decoded.operands[operand]!.index
    at += decoded.length
  }
  return count
}

function byIced(bytes: Uint8Array): number {
  const decoder = new Decoder(64, bytes, 0)
  const instruction = new Instruction()
  let count = 0
  while (decoder.canDecode) {
    decoder.decodeOut(instruction)
    sink ^= instruction.code ^ instruction.length
    for (let operand = 0; operand < instruction.opCount; operand += 1) sink ^= instruction.opKind(operand)
    count += 1
  }
  instruction.free()
  decoder.free()
  return count
}

function formatted(bytes: Uint8Array): number {
  let count = 0
  for (let at = 0; at < bytes.length; count += 1) {
    const failed = decode(bytes, at, bytes.length, 64, decoded) !== undefined
    if (!failed) sink ^= format(decoded).length
    at += failed ? 1 : decoded.length
  }
  return count
}

/** The section .text of a 64-bit ELF file. Source: System V ABI, Sections. */
function textOf(file: Buffer): Uint8Array {
  const [sections, size, count, names] = [
    Number(file.readBigUInt64LE(0x28)),
    file.readUInt16LE(0x3a),
    file.readUInt16LE(0x3c),
    file.readUInt16LE(0x3e),
  ]
  const header = (index: number) => sections + index * size
  const place = (index: number) =>
    [Number(file.readBigUInt64LE(header(index) + 0x18)), Number(file.readBigUInt64LE(header(index) + 0x20))] as const
  const [strings] = place(names)
  for (let index = 0; index < count; index += 1) {
    const name = strings + file.readUInt32LE(header(index))
    if (file.toString('latin1', name, name + 6) !== '.text\0') continue
    const [offset, bytes] = place(index)
    return new Uint8Array(file.subarray(offset, offset + bytes))
  }
  throw new Error('the file has no section .text')
}
