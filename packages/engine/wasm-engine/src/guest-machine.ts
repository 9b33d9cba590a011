import type { Instruction } from '@vmm/x86-semantics'
import type { Answers } from './answers.ts'
import type { BlockCache } from './block-cache.ts'
import type { EmittedCode } from './emitted-code.ts'
import { type EngineStatistics, frozen, nothingCounted } from './engine-statistics.ts'
import { GuestSlots, type MemorySlot } from './guest-slots.ts'
import { type HandlerRuns, runsOf } from './handler-runs.ts'
import type { HotOptions } from './hot/regions.ts'
import type { Counts } from './interpreter/run.ts'
import type { KnownAnswers } from './known-answers.ts'
import { type Imports, type LinkedInterpreter, linearMemory, wasmPageBytes } from './linked-interpreter.ts'
import { type MachineCode, machineCode } from './machine-code.ts'
import {
  type MemoryMap,
  mapOfThread,
  memoryMap,
  pageFlag,
  scratchBytes,
  type ThreadsSize,
  vcpusAtMost,
} from './memory-map.ts'
import { MonitoredLines } from './monitored-line.ts'
import { type SavedMemory, usedMemory } from './snapshot.ts'
import { at, vcpuBytes } from './state-layout.ts'
import type { StateView } from './state-view.ts'
import type { SharedGuest } from './threads/shared-guest.ts'
import { Together } from './threads/together.ts'
import type { TlbContexts } from './tlb.ts'
import type { Memory } from './webassembly.ts'

/** The flag of four pages at once. */
const everyDirty = pageFlag.dirty * 0x0101_0101

/** What a machine is made of, however many processors run it. */
export interface GuestMachineOptions {
  /** Guest memory. */
  readonly slots: readonly MemorySlot[]
  /** Bytes of the machine's memory that slots lie in; left out, as much as the slots are together. */
  readonly memoryBytes?: number
  /** `handlers` lets `handlerRuns` tell what the guest ran most, and costs a store a block. Nothing unless told. */
  readonly counts?: Counts
  /** The host's time in milliseconds: how long tiers ran is counted by it. Without one no times are. */
  readonly clock?: () => number
  /** When code is compiled, or false to have all of it interpreted, as it is where handlers are counted. */
  readonly hot?: HotOptions | false
  /** What was emitted before, and is to be kept. */
  readonly emitted?: EmittedCode
  /** Which of a guest's threads it is that run at the same time: the machine has the processors of that one only. */
  readonly thread?: { readonly guest: SharedGuest; readonly index: number }
  /** Descriptions by mnemonic: others than those of x86-semantics, to see what a changed one does. */
  readonly instructions?: ReadonlyMap<string, Instruction>
}

/**
 * Below that, compiling code takes longer than it saves. CPU seconds of a boot of Debian's kernel, V8's threads included, were 5.86 at
 * 16,000 entries, 5.06 at 50,000, 4.82 at 150,000, 5.12 at 500,000, and 5.60 with all of it interpreted. Who has run for long goes on.
 */
const hotByDefault: HotOptions = {
  threshold: 100_000,
  later: { threshold: 30_000, instructions: 2 ** 30 },
  dense: { entries: 8000, apart: 96 },
}

/** Where a processor lies in linear memory, all of which `buffer` shows. */
export interface ProcessorPlace {
  readonly cpu: number
  readonly scratch: number
  readonly buffer: SharedArrayBuffer
}

/** What the machine asks of a processor. */
export interface OnMachine {
  readonly tlb: TlbContexts
  readonly state: StateView
  readonly known: KnownAnswers
  readonly answers: Answers
  flushTranslations(): void
  /** The block under execution ends after this instruction. */
  endBlock(): void
  /** Somebody else than the guest has stored to a page that is told of. */
  told(address: number): void
}

/**
 * One guest's memory, in two address spaces, and the code decoded from it, for the processors that run it one after another: a
 * store by any of them makes blocks stale for all. A processor takes its place when it is made, at any time.
 */
export class GuestMachine {
  /** Guest memory, and what of it the guest sees where. */
  readonly slots: GuestSlots
  /** The same outside system-management mode's address space and inside it; nothing is there unless it is put there. */
  readonly smmSlots: GuestSlots
  /** Monitored lines, of whichever processor. */
  readonly armed = new MonitoredLines()
  /** Told of what somebody else than a processor has written, by its offset in the machine's memory. */
  readonly onWrite = new Set<(offset: number, bytes: number) => void>()
  /** Among processors that run at the same time, or undefined. */
  readonly together: Together | undefined
  readonly map: MemoryMap
  readonly #memory: Memory
  readonly #counting = nothingCounted()
  readonly #clock: (() => number) | undefined
  readonly #processors = new Map<number, OnMachine>()
  readonly #link: () => MachineCode
  #code: MachineCode | undefined
  #end: number
  #places = 0
  #runs = false

  /** @throws {RangeError} if there are too many slots, or no room for their memory. */
  constructor(options: GuestMachineOptions) {
    const { slots, memoryBytes, counts = 'nothing', hot = hotByDefault, instructions, clock, emitted, thread } = options
    this.#clock = clock
    const guestBytes = thread?.guest.memoryBytes ?? memoryBytes ?? slots.reduce((sum, { bytes }) => sum + bytes, 0)
    const map = thread === undefined ? memoryMap : mapOfThread(thread.index, thread.guest)
    this.map = map
    const guestEnd = map.memoryBase + guestBytes
    this.#end = map.shared?.area ?? Math.ceil(guestEnd / wasmPageBytes) * wasmPageBytes
    // most machines have one processor: it finds its place there
    this.#memory = thread?.guest.memory ?? linearMemory(this.#end + vcpuBytes)
    const { buffer } = this.#memory
    const told = {
      stored: (host: number, bytes: number) => this.#written(host, bytes),
      replaced: () => this.flushTranslations(),
      told: (address: number) => this.#tell(address),
    }
    const [ordinary, smm] = map.slots
    this.slots = new GuestSlots({ map, table: ordinary, end: guestEnd, buffer }, told)
    this.smmSlots = new GuestSlots({ map, table: smm, end: guestEnd, buffer }, told)
    this.slots.write(slots)
    const counting = this.#counting
    const becomesHot = hot !== false && counts === 'nothing'
    const kind = { counts, hot: becomesHot, instructions, counting, clock: clock ?? (() => 0), map, emitted }
    this.together = thread === undefined ? undefined : this.#joined(buffer, thread.guest)
    const around = { kind, hot, together: this.together, memory: this.#memory, imports: this.#imports() }
    const guard = (page: number) => this.guard(page)
    this.#link = () => machineCode({ ...around, guard, dropped: () => this.#dropped() })
  }

  /** Made for the first processor: who never has one needs none. */
  #linked(): MachineCode {
    this.#code ??= this.#link()
    return this.#code
  }

  get interpreter(): LinkedInterpreter {
    return this.#linked().interpreter
  }

  get blocks(): BlockCache {
    return this.#linked().blocks
  }

  /** Whether there is room for one processor more. */
  get hasRoom(): boolean {
    if (this.map.shared !== undefined) return this.#places < this.map.shared.vcpus
    return this.#places < vcpusAtMost && this.#end + vcpuBytes <= 2 ** 32 - wasmPageBytes
  }

  /**
   * The place of one more processor, which `serve` makes known.
   * @throws {RangeError} if there is no room.
   */
  place(): ProcessorPlace {
    if (!this.hasRoom) throw new RangeError('no room for one processor more')
    const cpu = this.#end
    const missing = cpu + vcpuBytes - this.#memory.buffer.byteLength
    if (missing > 0) {
      this.#memory.grow(missing / wasmPageBytes)
      this.#code?.blocks.reach(this.#memory.buffer)
    }
    const scratch = this.map.scratches + this.#places * scratchBytes
    this.#end += vcpuBytes
    this.#places += 1
    return { cpu, scratch, buffer: this.#memory.buffer }
  }

  /** From here on a processor hears what happens to memory and code, and what emitted code asks for it. */
  serve(cpu: number, processor: OnMachine): void {
    this.#processors.set(cpu | 0, processor)
    this.interpreter.loops.serve(processor.state)
  }

  /**
   * Runs emitted code, one processor at a time.
   * @throws {Error} if it is asked for from inside: by whoever answers a processor that runs.
   */
  run(cpu: number, block: number): number {
    if (this.#runs) throw new Error('a processor of this machine is running already')
    this.#runs = true
    this.together?.serve()
    try {
      this.#counting.entries += 1
      return this.#clock === undefined ? this.interpreter.entry.run(cpu, block) : this.#timed(cpu, block, this.#clock)
    } finally {
      this.#runs = false
      this.together?.go()
    }
  }

  #timed(cpu: number, block: number, clock: () => number): number {
    const since = clock()
    const why = this.interpreter.entry.run(cpu, block)
    this.#counting.milliseconds += clock() - since
    return why
  }

  /** What a processor has not found at a host address is decoded. False if it is to be taken one by one. */
  decode(host: number, state: StateView): boolean {
    if (!state.takesUnknownHead(host)) return this.blocks.add(host, state.word(at.mode))
    this.blocks.makeRoom()
    return this.#linked().templates?.learn(host, state.word(at.mode)) === undefined
  }

  /** The block that a processor is about to enter has become hot. */
  heat(state: StateView): undefined {
    this.#linked().regions?.ask(state.word(at.block), state)
  }

  /** What was done so far. */
  statistics(): EngineStatistics {
    const counting = frozen(this.#counting)
    const processors = [...this.#processors.values()]
    const all = (place: number) => processors.reduce((sum, { state }) => sum + Number(state.long(place)), 0)
    const { cold } = counting.instructions
    const hot = all(at.regionsRetired)
    return {
      ...counting,
      instructions: { cold: cold - hot, hot },
      regionsEntered: all(at.regionsEntered),
      regionsDeclined: all(at.regionsDeclined),
      tlbMisses: all(at.tlbMisses),
      tlbFlushes: processors.reduce((sum, { tlb }) => sum + tlb.flushes, 0) + all(at.tlbFlushes),
    }
  }

  /** Makes a store to a page that somebody may have code in. */
  storing(host: number, bytes: number, store: () => void): void {
    if (this.together === undefined) store()
    else this.together.storing(host, bytes, store)
  }

  /** No other processor runs, if any would. */
  stopOthers(): void {
    this.together?.stop()
  }

  othersGoOn(): void {
    this.together?.go()
  }

  /** Guest memory was stored to; true if blocks became stale, or a processor that waits for the store may go on. */
  stored(host: number, bytes: number): boolean {
    const wakes = this.armed.stored(host, bytes)
    return this.#code?.blocks.stored(host, bytes) === true || wakes
  }

  /** Pages of the machine's memory that have been written since the last look, whoever wrote them, by their number. */
  takeWritten(): readonly number[] {
    const flags = new Uint32Array(this.#memory.buffer, this.map.pageFlags, Math.ceil(this.slots.memory.length / 0x4000))
    const pages: number[] = []
    for (let word = 0; word < flags.length; word += 1) {
      const written = flags[word]! & everyDirty
      if (written === 0) continue
      flags[word]! &= ~everyDirty
      for (let page = 0; page < 4; page += 1) if ((written >>> (page * 8)) & pageFlag.dirty) pages.push(word * 4 + page)
    }
    // what is in a write view would be written unseen
    this.forgetStores()
    return pages
  }

  #written(host: number, bytes: number): void {
    const offset = host - this.map.memoryBase
    new Uint8Array(this.#memory.buffer)[this.map.pageFlags + (offset >>> 12)]! |= pageFlag.dirty
    this.stored(host, bytes)
    for (const tell of this.onWrite) tell(offset, bytes)
  }

  /** Stores to a page are to be looked at from now on, whichever processor makes them. */
  guard(page: number): void {
    this.#each(({ tlb }) => tlb.dropWrites(page))
  }

  /** Of every page of memory that is told of, the next store is, whichever processor makes it. */
  forgetStores(): void {
    this.#each(({ tlb }) => tlb.dropEveryWrite())
  }

  /** Runs of pages of guest memory that are not all zero, in the order of their addresses. The bytes are guest memory itself. */
  usedMemory(): Iterable<SavedMemory> {
    return usedMemory(this.slots)
  }

  /** What ran most, by the counts of the blocks that are alive. Empty where nothing is counted. */
  handlerRuns(what: 'handlers' | 'pairs'): readonly HandlerRuns[] {
    return runsOf(what, this.interpreter.handlers.shapes, this.blocks.runs())
  }

  /** Every translation of every processor is forgotten. */
  flushTranslations(): void {
    this.#each((processor) => processor.flushTranslations())
  }

  #joined(buffer: SharedArrayBuffer, size: ThreadsSize): Together | undefined {
    const { shared } = this.map
    if (shared === undefined) return undefined
    return new Together({ ...this.map, shared }, buffer, size, {
      guard: (page) => this.guard(page),
      forget: (page) => {
        if (this.blocks.stored(page, 4096)) this.#each((processor) => processor.endBlock())
      },
      forgetAll: () => {
        this.blocks.dropAll()
        this.forgetStores()
        this.#each((processor) => processor.endBlock())
      },
    })
  }

  /** Every block has gone. */
  #dropped(): void {
    this.#each(({ tlb, known }) => {
      tlb.dropJumps()
      known.accesses.forget()
    })
  }

  /** A store that no processor makes is told to the first one. */
  #tell(address: number): void {
    const [first] = this.#processors.values()
    first?.told(address)
  }

  #each(act: (processor: OnMachine) => void): void {
    for (const processor of this.#processors.values()) act(processor)
  }

  #imports(): Imports {
    // who has asked last is likely to ask again
    let last: { readonly cpu: number; readonly answers: Answers } | undefined
    const of = (cpu: number): Answers => {
      if (last?.cpu !== cpu) last = { cpu, answers: this.#processors.get(cpu)!.answers }
      return last.answers
    }
    const { calls } = this.#counting
    return {
      host: (cpu: number, call: number) => {
        calls.host += 1
        return of(cpu).host(call)
      },
      derive: (cpu: number) => {
        calls.derive += 1
        return of(cpu).derive()
      },
      shadow: (cpu: number, kind: number) => {
        calls.shadow += 1
        return of(cpu).shadow(kind)
      },
      commit: (cpu: number, record: number) => {
        calls.commit += 1
        return of(cpu).commit(record >>> 0)
      },
      watched: (cpu: number, record: number, linear: bigint, kind: number) => {
        calls.watched += 1
        return of(cpu).watched(record >>> 0, linear, kind)
      },
      oddRead: (cpu: number, record: number, tlb: number, linear: bigint, kind: number) => {
        calls.oddRead += 1
        return of(cpu).oddRead(record >>> 0, tlb, linear, kind)
      },
      oddWrite: (cpu: number, record: number, tlb: number, linear: bigint, kind: number) => {
        calls.oddWrite += 1
        return of(cpu).oddWrite(record >>> 0, tlb, linear, kind)
      },
      deviceRead: (cpu: number, record: number, kind: number) => {
        calls.deviceRead += 1
        return of(cpu).deviceRead(record >>> 0, kind)
      },
      deviceWrite: (cpu: number, record: number, kind: number) => {
        calls.deviceWrite += 1
        return of(cpu).deviceWrite(record >>> 0, kind)
      },
      deviceReach: (cpu: number, bytes: number, kind: number) => {
        calls.deviceReach += 1
        return of(cpu).deviceReach(bytes, kind)
      },
      touched: (cpu: number, physical: bigint, isStore: number) => {
        calls.touched += 1
        return of(cpu).touched(physical, isStore)
      },
    }
  }
}
