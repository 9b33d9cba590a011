import { addresses, addressKinds, scaledAddresses } from './addresses.ts'
import type { Maps } from './candidates.ts'
import { choiceOfModrm } from './choose.ts'
import { code, windowSize } from './code-window.ts'
import { fastLayout, fastPages, recordsAtOnce } from './fast-layout.ts'
import { fastModule } from './fast-module.ts'
import { decodePacked } from './packed.ts'
import { added, kept } from './prefixes.ts'
import { isCut } from './rare.ts'
import { recordFailures, recordSize, recordWords } from './record.ts'
import { rexRegisters } from './vector-prefix.ts'

/** Of WebAssembly's JavaScript interface what is used here; it is no part of ECMAScript. */
interface Interface {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => Memory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> }
}

interface Memory {
  readonly buffer: ArrayBuffer
}

const host = (globalThis as { readonly WebAssembly?: Interface }).WebAssembly

/** What a decoder's choices are kept in: WebAssembly's memory where there is WebAssembly. */
export interface FastMemory {
  readonly buffer: ArrayBuffer
  readonly memory: Memory | undefined
}

/** A memory as `fastLayout` has it. */
export function fastMemory(): FastMemory {
  try {
    const memory = host === undefined ? undefined : new host.Memory({ initial: fastPages, maximum: fastPages })
    if (memory !== undefined) return { buffer: memory.buffer, memory }
  } catch {
    // where addresses are scarce, or WebAssembly is forbidden
  }
  return { buffer: new ArrayBuffer(fastLayout.steps), memory: undefined }
}

/** Decodes from a place of the window on until `stop`, or until there are so many records; of the window there are `size` bytes. Gives the place behind the last. */
type Run = (
  ...from: readonly [
    place: number,
    stop: number,
    size: number,
    offset: number,
    end: number,
    code: number,
    kind: number,
    other: number,
  ]
) => number

/** Prepares so many bytes of the window for runs. */
type Leads = (size: number, codeSize: number) => void

let compiled: object | undefined

/** What decodes many instructions at a time, in windows. */
export interface Fast {
  readonly run: Run
  readonly leads: Leads
  readonly window: Uint8Array
  /** The number of records that the last run made. */
  readonly count: Int32Array
  readonly records: Int32Array
  /** Of the run that is on: bytes in the window, and the code size. */
  size: number
  codeSize: number
}

/** The fast way to decode by these maps; undefined where it cannot be had, and `decodePacked` goes alone. */
export function fastOf(maps: Maps, { memory }: FastMemory): Fast | undefined {
  if (memory === undefined || host === undefined) return undefined
  try {
    compiled ??= new host.Module(Uint8Array.from(fastModule.match(/../g)!, (byte) => Number.parseInt(byte, 16)))
    const { buffer } = memory
    fillTables(buffer)
    const records = new Int32Array(buffer, fastLayout.records, recordsAtOnce * recordSize)
    const slow = (place: number, at: number): number => decodeSlowly(maps, fast, place, (at - fastLayout.records) >> 2)
    const { exports } = new host.Instance(compiled, { d: { memory, slow } })
    const fast: Fast = {
      run: exports['run'] as Run,
      leads: exports['leads'] as Leads,
      window: new Uint8Array(buffer, fastLayout.window, windowSize),
      count: new Int32Array(buffer, fastLayout.count, 1),
      ...{ records, size: 0, codeSize: 0 },
    }
    return fast
  } catch {
    return undefined
  }
}

function fillTables(buffer: ArrayBuffer): void {
  const { rexRegisters: rex, choiceOfModrm: choice, kept: keeps, added: adds } = fastLayout
  for (const [at, table] of [
    [rex, rexRegisters],
    [keeps, kept],
    [adds, added],
    [fastLayout.addresses, addresses],
    [fastLayout.scaledAddresses, scaledAddresses],
  ] as const)
    new Int32Array(buffer, at, table.length).set(table)
  new Uint8Array(buffer, choice, choiceOfModrm.length).set(choiceOfModrm)
}

const longest = 15

/** One instruction that is not for WebAssembly: the place behind it, or -1 where the end cuts it off. */
function decodeSlowly(maps: Maps, { size, codeSize, records, window }: Fast, place: number, at: number): number {
  const limit = Math.min(size - place, longest)
  for (let byte = 0; byte < limit; byte += 1) code[byte] = window[place + byte]!
  const length = decodePacked(maps, 0, limit, codeSize, records, at)
  if (length >= 0) return place + length
  if (length === isCut && limit < longest) return -1
  fail(records, at, length)
  return place + 1
}

/** A record of a byte that begins no instruction. */
export function fail(records: Int32Array, at: number, reason: number): void {
  records.fill(0, at, at + recordSize)
  records[at + recordWords.length] = 1
  records[at + recordWords.row] = reason === isCut ? -recordFailures.length : -1
}

/** How much of the code is taken for so many records: more than most instructions have, and some for the last one. */
const [usualBytes, slack] = [5, 64]

/** As `DecodeMany` says, with the code size as decoding counts them. */
export function decodeFast(
  fast: Fast,
  bytes: Uint8Array,
  offset: number,
  end: number,
  codeSize: number,
  records: Int32Array,
): number {
  const room = Math.floor(records.length / recordSize)
  let done = 0
  fast.codeSize = codeSize
  // each window begins where the last instruction of the one before ended
  for (let from = offset; from < end && done < room; ) {
    fast.size = Math.min(windowSize, end - from, (room - done) * usualBytes + slack)
    fast.window.set(bytes.subarray(from, from + fast.size))
    fast.leads(fast.size, codeSize)
    const before = done
    const place = decodeWindow(fast, from, end, records, done)
    done += decodedNow
    from += place
    if (done === before || cutOff) break
  }
  return done
}

// what a window gave besides the place where it ended
let decodedNow = 0
let cutOff = false

function decodeWindow(fast: Fast, from: number, end: number, records: Int32Array, done: number): number {
  const { size, codeSize } = fast
  const stop = from + size === end ? size : size - longest
  const room = Math.floor(records.length / recordSize) - done
  let place = 0
  decodedNow = 0
  cutOff = false
  while (place < stop && decodedNow < room && !cutOff) {
    const most = Math.min(recordsAtOnce, room - decodedNow)
    const [kind, other] = [addressKinds[codeSize << 1]!, addressKinds[(codeSize << 1) | 1]!]
    place = fast.run(place, stop, size, from, fastLayout.records + most * recordSize * 4, codeSize, kind, other)
    const count = fast.count[0]!
    records.set(fast.records.subarray(0, count * recordSize), (done + decodedNow) * recordSize)
    decodedNow += count
    cutOff = place < stop && count < most
  }
  return place
}
