import type { Decoded } from '@vmm/x86-decoder'
import type { Instruction } from '@vmm/x86-semantics'
import { liveEntries, liveEntryBytes, type MemoryMap } from './memory-map.ts'

/** Rewritten so often, an immediate is likely to be rewritten for good. */
const often = 6
/** Places that are remembered at most. */
const atMost = 4096

/** Host addresses of the bytes of an immediate. */
export interface Range {
  readonly from: number
  readonly to: number
}

/**
 * Immediates that guests rewrite again and again. Code with one reads it where it lies, each time that it runs, so that stores to it
 * make nothing stale; those that were seen are found in a table by emitted code.
 */
export class LiveImmediates {
  readonly #map: MemoryMap
  readonly #words: Uint32Array
  /** How often an immediate was rewritten, by the host address of its instruction. */
  readonly #rewritten = new Map<number, number>()
  #letThrough = false
  #areThere = false

  constructor(map: MemoryMap, buffer: SharedArrayBuffer) {
    this.#map = map
    this.#words = new Uint32Array(buffer)
  }

  /** Where the immediate of an instruction lies, if it has one that could be read there. */
  rangeOf(host: number, { operands, count, length }: Decoded, instruction: Instruction | undefined): Range | undefined {
    if (instruction === undefined || instruction.knows === 'immediate') return undefined
    let bytes = 0
    for (let position = 0; position < count; position += 1) {
      const operand = operands[position]!
      if (operand.kind !== 'immediate') continue
      if (bytes !== 0 || operand.bytes === 0) return undefined
      bytes = operand.bytes
    }
    return bytes === 0 ? undefined : { from: host + length - bytes, to: host + length }
  }

  /** Whether the immediate of any instruction is. */
  get areThere(): boolean {
    return this.#areThere
  }

  /** Whether the immediate of the instruction at a host address is to be read where it lies. */
  isLive(host: number): boolean {
    return this.#areThere && (this.#rewritten.get(host) ?? 0) >= often
  }

  /** Only the immediate of the instruction there was stored to. */
  wasRewritten(host: number): void {
    if (this.#rewritten.size >= atMost) {
      this.#rewritten.clear()
      this.#areThere = false
    }
    const times = (this.#rewritten.get(host) ?? 0) + 1
    this.#rewritten.set(host, times)
    if (times >= often) this.#areThere = true
  }

  /** Stores of so many bytes there touch nothing of code but what it reads where it lies. */
  letThrough(host: number, bytes: number): void {
    const entry = (this.#map.live + (host & (liveEntries - 1)) * liveEntryBytes) >>> 2
    this.#words[entry] = host
    this.#words[entry + 1] = bytes
    this.#letThrough = true
  }

  /** There is other code now, perhaps in the same places. */
  letNothingThrough(): void {
    if (!this.#letThrough) return
    this.#words.fill(0, this.#map.live >>> 2, (this.#map.live + liveEntries * liveEntryBytes) >>> 2)
    this.#letThrough = false
  }
}
