import type { GuestMachine } from './guest-machine.ts'
import type { GuestSlots } from './guest-slots.ts'
import type { SavedTranslations } from './translation-spaces.ts'

const version = 1
const pageBytes = 4096

/** Guest memory that holds something: pages of zeros are left out. */
export interface SavedMemory {
  readonly address: number
  readonly bytes: Uint8Array
}

/** What an engine remembers beyond its vCPU's architectural state, as plain data. */
export interface SavedEngine {
  readonly version: number
  /** Instructions retired. */
  readonly retired: number
  readonly memory: readonly SavedMemory[]
  /** What is remembered of page tables: a guest may see that it is. */
  readonly translations: SavedTranslations
  /** Code that has been decoded, as pairs of host address and mode: pages that hold code are stored to in another way. */
  readonly code: readonly number[]
}

/** A snapshot of the version this is. */
export const snapshot = (parts: Omit<SavedEngine, 'version'>): SavedEngine => ({ version, ...parts })

/** What all processors of a machine share. */
type MachineParts = Pick<SavedEngine, 'memory' | 'code'>

/** What all processors share: a copy of memory, and what is decoded. Nothing, where another processor saves it. */
export function savedMachine(machine: GuestMachine | undefined): MachineParts {
  if (machine === undefined) return { memory: [], code: [] }
  const memory = Array.from(machine.usedMemory(), ({ address, bytes }) => ({ address, bytes: bytes.slice() }))
  return { memory, code: machine.blocks.known() }
}

/** Takes that back. */
export function restoreMachine({ blocks, slots }: GuestMachine, { memory, code }: MachineParts): void {
  blocks.dropAll()
  restoreMemory(slots, memory)
  for (let at = 0; at < code.length; at += 2) blocks.add(code[at]!, code[at + 1]!)
}

/** @throws {RangeError} if another version, or an engine with other memory, has saved it. */
export function checkSnapshot({ version: theirs, memory }: SavedEngine, slots: GuestSlots): void {
  if (theirs !== version) throw new RangeError(`an engine saved by version ${theirs}, and this is ${version}`)
  for (const { address, bytes } of memory) {
    const here = slots.at(address)
    if (here === undefined || here.length < bytes.length)
      throw new RangeError(`no memory at 0x${address.toString(16)} for ${bytes.length} bytes`)
  }
}

/** Runs of pages of guest memory that are not all zero, in the order of their addresses. The bytes are guest memory itself. */
export function* usedMemory(slots: GuestSlots): Generator<SavedMemory> {
  for (const { address, memory } of slots.all()) {
    const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length >>> 2)
    let start = -1
    for (let page = 0; page < memory.length; page += pageBytes) {
      const used = !isZero(words, page >>> 2, Math.min(page + pageBytes, memory.length) >>> 2)
      if (used && start < 0) start = page
      if (used || start < 0) continue
      yield { address: address + start, bytes: memory.subarray(start, page) }
      start = -1
    }
    if (start >= 0) yield { address: address + start, bytes: memory.subarray(start) }
  }
}

/** Puts saved memory back; all the rest becomes zero. */
function restoreMemory(slots: GuestSlots, saved: readonly SavedMemory[]): void {
  for (const { memory } of slots.all()) memory.fill(0)
  for (const { address, bytes } of saved) slots.at(address)!.set(bytes)
}

function isZero(words: Uint32Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (words[at] !== 0) return false
  return true
}
