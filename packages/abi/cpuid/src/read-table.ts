import { isIndexed } from './decode.ts'
import { type CpuidEntry, type CpuidTable, entry } from './entry.ts'
import { readJsonTable } from './read-json-table.ts'
import { type Refused, refused } from './resolve-features.ts'

/** A table that was read. */
export interface ReadTable {
  readonly kind: 'table'
  readonly entries: CpuidTable
}

/**
 * Reads a CPUID table from what other programs write:
 *
 * - bytes: `struct kvm_cpuid2`, or its entries of 40 bytes alone, little-endian;
 * - text: `cpuid -r` (of the first CPU in it), or lines `CPUID 00000001: EAX-EBX-ECX-EDX [SL 00]`;
 * - JSON: an array of entries, `{ "entries": […] }`, or Firecracker's `cpuid_modifiers` with whole bitmaps.
 *
 * Anything else is refused, with a sentence.
 */
export function tableFrom(input: string | Uint8Array): ReadTable | Refused {
  if (typeof input !== 'string') return readKvmBytes(input)
  const text = input.trim()
  return text.startsWith('{') || text.startsWith('[') ? readJsonTable(text) : readDump(text)
}

/** What {@link readTable} throws: the dump that it was given is none. */
export class DumpError extends Error {
  override readonly name = 'DumpError'
}

/** {@link tableFrom} for a dump that a program trusts: the table itself. Throws {@link DumpError} where that refuses. */
export function readTable(input: string | Uint8Array): CpuidTable {
  const read = tableFrom(input)
  if (read.kind === 'refused') throw new DumpError(read.says)
  return read.entries
}

const headerBytes = 8
const entryBytes = 40

function readKvmBytes(bytes: Uint8Array): ReadTable | Refused {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const hasHeader = bytes.length % entryBytes === headerBytes
  const count = Math.floor(bytes.length / entryBytes)
  if (bytes.length !== count * entryBytes + (hasHeader ? headerBytes : 0)) {
    return refused(
      `${bytes.length} bytes are no CPUID table: entries have ${entryBytes} bytes, the header ${headerBytes}`,
    )
  }
  if (hasHeader && view.getUint32(0, true) > count) {
    return refused(`the header tells of ${view.getUint32(0, true)} CPUID entries, and there are ${count}`)
  }
  const told = hasHeader ? view.getUint32(0, true) : count
  const first = hasHeader ? headerBytes : 0
  const strange = Array.from({ length: told }, (_, i) => i).find((i) => isPadded(view, first + i * entryBytes))
  if (strange !== undefined)
    return refused(`these bytes are no CPUID table: entry ${strange} has no zeros where it ends`)
  const entries = Array.from({ length: told }, (_, i) => readKvmEntry(view, first + i * entryBytes))
  return { kind: 'table', entries }
}

/** Whether there is something in the words of an entry that nobody has a use for: `padding[3]`. */
function isPadded(view: DataView, at: number): boolean {
  return [28, 32, 36].some((offset) => view.getUint32(at + offset, true) !== 0)
}

function readKvmEntry(view: DataView, at: number): CpuidEntry {
  const word = (offset: number) => view.getUint32(at + offset, true)
  return {
    function: word(0),
    index: word(4),
    flags: word(8),
    eax: word(12),
    ebx: word(16),
    ecx: word(20),
    edx: word(24),
  }
}

/** The bytes of a `struct kvm_cpuid2`: header and entries. */
export function kvmBytesOf(table: CpuidTable): Uint8Array {
  const bytes = new Uint8Array(headerBytes + table.length * entryBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, table.length, true)
  table.forEach((row, i) => {
    const words = [row.function, row.index, row.flags, row.eax, row.ebx, row.ecx, row.edx]
    words.forEach((word, at) => {
      view.setUint32(headerBytes + i * entryBytes + 4 * at, word, true)
    })
  })
  return bytes
}

interface DumpLine {
  readonly leaf: number
  readonly index: number
  readonly registers: readonly [number, number, number, number]
}

const word = '(?:0x)?([0-9a-f]{1,8})'
const rawLine = new RegExp(
  `^\\s*${word}\\s+${word}:\\s*eax=${word}\\s+ebx=${word}\\s+ecx=${word}\\s+edx=${word}\\s*$`,
  'i',
)
const dashedLine = new RegExp(
  `^\\s*CPUID\\s+${word}:\\s*${word}-${word}-${word}-${word}(?:\\s+\\[SL\\s*${word}\\])?`,
  'i',
)

function readDump(text: string): ReadTable | Refused {
  const lines = firstCpu(text.split(/\r?\n/)).flatMap(readLine)
  if (lines.length === 0) return refused('no line of this text looks like a CPUID dump')
  return { kind: 'table', entries: lines.map((line) => fromDump(line, lines)) }
}

/** `cpuid -r` repeats everything for each CPU under a line of its own. */
function firstCpu(lines: readonly string[]): readonly string[] {
  const heads = lines.flatMap((line, i) => (/^\s*CPU(?:\s+\d+)?:\s*$/i.test(line) ? [i] : []))
  return heads.length < 2 ? lines : lines.slice(heads[0], heads[1])
}

function readLine(line: string): readonly DumpLine[] {
  const raw = rawLine.exec(line)?.slice(1)
  const dashed = raw === undefined ? dashedLine.exec(line)?.slice(1) : undefined
  const [leaf, index, ...registers] =
    raw ?? (dashed === undefined ? [] : [dashed[0], dashed[5] ?? '0', ...dashed.slice(1, 5)])
  if (leaf === undefined || index === undefined) return []
  const [eax = 0, ebx = 0, ecx = 0, edx = 0] = registers.map((digits) => Number.parseInt(digits ?? '0', 16))
  return [{ leaf: Number.parseInt(leaf, 16), index: Number.parseInt(index, 16), registers: [eax, ebx, ecx, edx] }]
}

/** Dumps number the sub-leaves of every leaf; the rows know for which that means something. */
function fromDump({ leaf, index, registers }: DumpLine, all: readonly DumpLine[]): CpuidEntry {
  const indexed = isIndexed(leaf) ?? all.some((line) => line.leaf === leaf && line.index !== 0)
  const [eax, ebx, ecx, edx] = registers
  return entry(leaf, { eax, ebx, ecx, edx }, indexed ? index : undefined)
}
