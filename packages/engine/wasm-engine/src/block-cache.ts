import { createDecoded, type Decoded } from '@vmm/x86-decoder'
import { BlockWriter } from './block-writer.ts'
import { CodeGranules } from './code-granules.ts'
import { decode } from './decoder.ts'
import type { Counting } from './engine-statistics.ts'
import type { BlockRuns } from './handler-runs.ts'
import type { HandlerTable, Shape } from './handler-table.ts'
import type { Regions } from './hot/regions.ts'
import { bucketIndex } from './interpreter/find-block.ts'
import type { LinkedInterpreter } from './linked-interpreter.ts'
import { LiveImmediates } from './live-immediates.ts'
import { type MemoryMap, pageFlag } from './memory-map.ts'
import type { ModeLoops } from './mode-loops.ts'
import { alone, awaiting, codeSizeOf, limited, resumes, staleMode } from './mode-word.ts'
import { type Block, type CodePart, staleBy } from './page-blocks.ts'
import type { Templates } from './passing/templates.ts'
import { noRegion } from './runtime.ts'
import { blockHeadBytes, inBlock, inRecord, longestBlock, recordBytes } from './state-layout.ts'
import type { Together } from './threads/together.ts'

const pageMask = 0xfff
const longestInstruction = 15

/** Decoded blocks in linear memory, by the page of guest memory they were read from. */
export class BlockCache {
  readonly #map: MemoryMap
  #view: DataView
  #bytes: Uint8Array
  readonly #handlers: HandlerTable
  readonly #loops: ModeLoops
  readonly #decoded: Decoded = createDecoded()
  readonly #pages = new Map<number, Block[]>()
  readonly #granules: CodeGranules
  readonly #live: LiveImmediates
  readonly #writer: BlockWriter
  /** Called when a page holds its first code: it must leave every write view. */
  readonly #guard: (pageHost: number) => void
  /** Called when every block has been dropped. */
  readonly #dropped: () => void
  readonly #counting: Counting
  /** Regions of hot blocks, if there are to be any. */
  regions: Regions | undefined
  /** Others who store to guest memory at the same time, if there are any. */
  together: Together | undefined
  /** Another one when every block has been dropped: until then none lies where another one has. */
  generation = 0
  #next: number

  constructor(
    map: MemoryMap,
    buffer: SharedArrayBuffer,
    interpreter: LinkedInterpreter,
    guard: (pageHost: number) => void,
    dropped: () => void,
    counting: Counting,
  ) {
    this.#map = map
    this.#granules = new CodeGranules(map, buffer)
    this.#live = new LiveImmediates(map, buffer)
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#writer = new BlockWriter(buffer, interpreter, this.#live)
    this.#handlers = interpreter.handlers
    this.#loops = interpreter.loops
    this.#guard = guard
    this.#dropped = dropped
    this.#counting = counting
    this.#next = map.blocks.from
  }

  /** Linear memory has grown: blocks of one instruction are written behind its old end, too. */
  reach(buffer: SharedArrayBuffer): void {
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#writer.reach(buffer)
  }

  /** What emitted code decodes by, where it does. */
  get templates(): Templates | undefined {
    return this.#writer.templates
  }

  set templates(templates: Templates | undefined) {
    this.#writer.templates = templates
  }

  /** Decodes the block at a host address for a mode and enters it. False if its first instruction leaves the page. */
  add(host: number, word: number): boolean {
    // before a place is chosen, for dropping moves it
    const room = blockHeadBytes + (longestBlock + 1) * recordBytes
    if (this.#handlers.makeRoom() || this.#next + room > this.#map.blocks.to) this.dropAll()
    const { together } = this
    if (together === undefined) return this.#add(host, word) > 0
    const page = host & ~pageMask
    together.announce(page >>> 0)
    const unmark = together.mark(host, Math.min(longestBlock * longestInstruction, pageMask + 1 - (host & pageMask)))
    const added = this.#add(host, word)
    unmark(added)
    if (!this.#pages.has(page)) together.abandon(page >>> 0)
    return added > 0
  }

  /**
   * Keeps a block of one instruction that lies in two pages and of which there is a copy in one piece. Gives where the block is, or 0
   * if it is none to keep: RF is set, or others run the same code.
   */
  addAstride(copy: number, word: number, parts: readonly [CodePart, CodePart]): number {
    const isOdd = (word & (resumes | alone | limited | awaiting)) !== 0
    if (isOdd || this.together !== undefined || this.#loops.counts === 'handlers') return 0
    const records = blockHeadBytes + 2 * recordBytes
    // behind the records there is room for the bytes
    const room = records + recordBytes
    if (this.#handlers.makeRoom() || this.#next + room > this.#map.blocks.to) this.dropAll()
    const block = this.#next
    const length = parts[0].bytes + parts[1].bytes
    this.#bytes.copyWithin(block + records, copy, copy + length)
    if (this.write(block, block + records, block + records + length, word, 1, false) !== length) return 0
    this.#view.setInt32(block + inBlock.heat, 0, true)
    this.#view.setUint32(block + inBlock.region, noRegion, true)
    this.#next += room
    for (const { host, bytes } of parts) this.#note({ address: block, host, end: host + bytes, live: [], isPart: true })
    return block
  }

  /** Gives how many bytes it covers; 0 if it is not kept. */
  #add(host: number, word: number): number {
    const resuming = (word & resumes) !== 0
    const limit = (word & (resumes | alone | awaiting)) === 0 ? longestBlock : 1
    const size = this.write(this.#next, host, ((host | pageMask) >>> 0) + 1, word, limit, true)
    // RF stays until an instruction that leaves its block is complete: whoever takes single steps sees to that
    if (size === 0 || (resuming && this.#writer.lastEnds)) return 0
    const block = this.#next
    this.#next += blockHeadBytes + (this.#view.getUint32(block + inBlock.count, true) + 1) * recordBytes
    this.#enter(block, host, size, word)
    this.#counting.blocksDecoded += 1
    return size
  }

  /** Writes a block: see `BlockWriter`. */
  write(block: number, host: number, end: number, word: number, limit: number, liveness: boolean): number {
    this.makeRoom()
    const size = this.#writer.write(block, { host, end, word, limit, liveness })
    if (size !== 0) this.#view.setInt32(block + inBlock.heat, this.regions?.heatOf(host) ?? 0, true)
    return size
  }

  /** The shape of an instruction that was decoded at a host address, if it is described. */
  shapeOf(decoded: Decoded, word: number, host: number, bytes: () => string): Shape | undefined {
    return this.#writer.shapeOf(decoded, word, host, bytes)
  }

  /** Mnemonics of instructions that were met and that are not executed: they were #UD. */
  get undescribed(): ReadonlySet<string> {
    return this.#writer.undescribed
  }

  /** Every block as its host address and mode, in the order they were made. */
  known(): readonly number[] {
    const all = [...this.#pages.values()].flat().filter(({ isPart }) => isPart !== true)
    const blocks = all.sort((a, b) => a.address - b.address)
    return blocks.flatMap(({ address, host }) => [host, this.#view.getUint32(address + inBlock.mode, true)])
  }

  /** The blocks that are alive: the table slots of their handlers, and how often they were entered, if that is counted. */
  *runs(): Iterable<BlockRuns> {
    for (const { address } of [...this.#pages.values()].flat()) {
      const count = this.#view.getUint32(address + inBlock.count, true)
      const slots = Array.from({ length: count }, (_, index) =>
        this.#view.getUint16(address + blockHeadBytes + index * recordBytes + inRecord.handler, true),
      )
      yield { runs: this.#view.getUint32(address + inBlock.runs, true), slots }
    }
  }

  #enter(block: number, host: number, bytes: number, word: number): void {
    const bucket = this.#map.hash + bucketIndex(this.#map, host, word) * 4
    this.#view.setUint32(block + inBlock.chain, this.#view.getUint32(bucket, true), true)
    this.#view.setUint32(bucket, block, true)
    this.#note({ address: block, host, end: host + bytes, live: this.#writer.liveRanges })
  }

  /** From here on stores to a block's bytes are seen. */
  #note(block: Block): void {
    const page = block.host & ~pageMask
    let list = this.#pages.get(page)
    if (list === undefined) {
      list = []
      this.#pages.set(page, list)
      const flags = this.#flagsOf(page)
      this.#bytes[flags]! |= pageFlag.code
      this.#guard(page)
    }
    list.push(block)
    this.#live.letNothingThrough()
    this.#granules.add(block.host, block.end)
  }

  #flagsOf(pageHost: number): number {
    return this.#map.pageFlags + ((pageHost - this.#map.memoryBase) >>> 12)
  }

  /** Bytes from `host` up were stored: blocks over them are stale. True if there were any. */
  stored(host: number, bytes: number): boolean {
    const page = host & ~pageMask
    const list = this.#pages.get(page)
    if (list === undefined) return false
    const to = host + bytes
    const stale = list.filter((block) => staleBy(block, host, to))
    if (stale.length === 0) {
      if (list.some((block) => block.end > host && block.host < to)) this.#live.letThrough(host, bytes)
      return false
    }
    for (const block of stale) {
      if (block.isPart !== true) this.#noteRewriting(block, host, to)
      this.#retire(block)
    }
    const kept = list.filter((block) => !stale.includes(block))
    this.#counting.blocksStale += list.length - kept.length
    this.#granules.clear(page)
    for (const block of kept) this.#granules.add(block.host, block.end)
    if (kept.length > 0) this.#pages.set(page, kept)
    else {
      this.#pages.delete(page)
      this.#bytes[this.#flagsOf(page)]! &= ~pageFlag.code
      this.together?.abandon(page >>> 0)
    }
    return true
  }

  /** If a store went into the immediate of one instruction alone, that is remembered. */
  #noteRewriting(block: Block, from: number, to: number): void {
    const codeSize = codeSizeOf(this.#view.getUint32(block.address + inBlock.mode, true))
    const count = this.#view.getUint32(block.address + inBlock.count, true)
    for (let index = 0; index < count; index += 1) {
      const record = block.address + blockHeadBytes + index * recordBytes
      const begins = block.host + this.#view.getUint16(record + inRecord.offset, true)
      const ends = block.host + this.#view.getUint16(record + inRecord.next, true)
      if (ends < to) continue
      if (begins >= from || decode(this.#bytes, begins, ends, codeSize, this.#decoded) !== undefined) return
      const range = this.#live.rangeOf(begins, this.#decoded, this.#handlers.described(this.#decoded))
      if (range !== undefined && range.from <= from && range.to >= to) this.#live.wasRewritten(begins)
      return
    }
  }

  #retire({ address, host }: Block): void {
    const word = this.#view.getUint32(address + inBlock.mode, true)
    let link = this.#map.hash + bucketIndex(this.#map, host, word) * 4
    for (let at = this.#view.getUint32(link, true); at !== 0; at = this.#view.getUint32(link, true)) {
      if (at === address) this.#view.setUint32(link, this.#view.getUint32(at + inBlock.chain, true), true)
      else link = at + inBlock.chain
    }
    this.#view.setUint32(address + inBlock.mode, staleMode, true)
    this.regions?.dropped(address, host & ~pageMask)
  }

  /** The block at a host address for a mode, if it is known. */
  at(host: number, word: number): number | undefined {
    let block = this.#view.getUint32(this.#map.hash + bucketIndex(this.#map, host, word) * 4, true)
    for (; block !== 0; block = this.#view.getUint32(block + inBlock.chain, true)) {
      const isHere = this.#view.getUint32(block + inBlock.host, true) === host
      if (isHere && this.#view.getUint32(block + inBlock.mode, true) === word) return block
    }
    return undefined
  }

  /** A mode has run so many instructions, `quick` of them in regions or in bulk: with a new loop for the others comes new code. */
  ran(mode: number, instructions: number, quick: number): void {
    this.#counting.instructions.cold += instructions
    if (this.#loops.ran(mode, instructions - quick)) this.dropAll()
  }

  /** Forgets every block if there may be too few handlers for another one. */
  makeRoom(): void {
    if (this.#handlers.makeRoom()) this.dropAll()
  }

  /** Forgets every block: the pool is full. */
  dropAll(): void {
    if (this.#pages.size > 0) this.#counting.evictions += 1
    this.#bytes.fill(0, this.#map.hash, this.#map.hash + this.#map.hashBuckets * 4)
    for (const page of this.#pages.keys()) {
      this.#bytes[this.#flagsOf(page)]! &= ~pageFlag.code
      this.#granules.clear(page)
      this.together?.abandon(page >>> 0)
    }
    this.#pages.clear()
    this.#live.letNothingThrough()
    this.#next = this.#map.blocks.from
    this.generation += 1
    this.regions?.droppedAll()
    this.#dropped()
  }
}
