import { walk } from '@vmm/x86-paging'
import { rflags, type StateField } from '@vmm/x86-registers'
import { deliverEvent } from '@vmm/x86-semantics'
import { BlockCache } from './block-cache.ts'
import { codeModeOf } from './code-mode.ts'
import { GuestSlots, type MemorySlot } from './guest-slots.ts'
import { HandlerTable } from './handler-table.ts'
import { HostAnswers } from './host-answers.ts'
import { hotHandlers } from './hot-handlers.rows.ts'
import { inlineHandlers } from './inline-handlers.ts'
import { firstHandler } from './interpreter/run.ts'
import { interpreterModule } from './interpreter-module.ts'
import { type MemoryMap, memoryMap } from './memory-map.ts'
import { ModeInputs } from './mode-inputs.ts'
import { type CodeMode, modeOfWord, modeWord } from './mode-word.ts'
import { OddAccesses } from './odd-accesses.ts'
import type { CpuPorts } from './ports.ts'
import { type ExitReason, exitReasons, status } from './runtime.ts'
import { at, inBlock, inRecord, tlbPrivileges } from './state-layout.ts'
import { StateView } from './state-view.ts'
import { TlbContexts } from './tlb.ts'
import { Watching } from './watching.ts'
import { type Memory, type Table, wasm } from './webassembly.ts'

const tableSize = 16384
const pageBytes = 65536

/** Why `run` came back. */
export type Stop =
  | { readonly kind: 'budget' }
  /** Something pending may now be taken, or devices changed what is pending. */
  | { readonly kind: 'events' }
  | { readonly kind: 'exit'; readonly reason: ExitReason }
  /** The instruction at RIP faults. It must be delivered. */
  | { readonly kind: 'fault'; readonly vector: number; readonly errorCode: number | undefined }

interface Entry {
  run(cpu: number, block: number): number
  materialize(cpu: number): number
  fill(cpu: number, record: number, tlb: number, linear: bigint, kind: number): number
  hostOf(gpa: bigint): [number, number]
}

/** One machine's memory and its one vCPU, run by emitted WebAssembly. */
export class Engine {
  readonly map: MemoryMap
  readonly #memory: Memory
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #table: Table
  readonly #entry: Entry
  readonly #ports: CpuPorts
  readonly handlers: HandlerTable
  readonly blocks: BlockCache
  readonly tlb: TlbContexts
  readonly #odd: OddAccesses
  readonly #state: StateView
  readonly #slots: GuestSlots
  readonly #watching: Watching
  readonly #answers: HostAnswers
  readonly #modeInputs: ModeInputs
  readonly #cpu: number
  #retired = 0
  #given = 0
  #stolen = 0
  #running = false
  #programViews = 0
  #processorViews = 0

  constructor(options: { readonly slots: readonly MemorySlot[]; readonly ports: CpuPorts }) {
    const guestBytes = options.slots.reduce((sum, { bytes }) => sum + bytes, 0)
    this.map = memoryMap(guestBytes, 1)
    this.#cpu = this.map.vcpu
    this.#ports = options.ports
    const count = Math.ceil(this.map.bytes / pageBytes)
    const pages = { initial: count, maximum: count }
    this.#memory = new wasm.Memory({ ...pages, shared: true })
    this.#table = new wasm.Table({ element: 'anyfunc', initial: tableSize })
    this.#view = new DataView(this.#memory.buffer)
    this.#bytes = new Uint8Array(this.#memory.buffer)
    this.#state = new StateView(this.#cpu, this.#memory.buffer)
    this.#watching = new Watching(this.#state, () => this.resync())
    this.#slots = new GuestSlots(this.map, this.#memory.buffer, options.slots)
    this.#answers = new HostAnswers(
      this.#state,
      options.ports,
      () => this.tlb,
      () => this.modeChanged(),
    )
    this.#odd = new OddAccesses(this.#memory.buffer, this.#cpu, {
      ports: options.ports,
      fill: (linear, kind, processor) =>
        this.#entry.fill(
          this.#cpu,
          this.#state.word(at.record),
          processor ? this.#processorViews : this.#programViews,
          linear,
          kind,
        ),
      stored: (host, bytes) => this.blocks.stored(host, bytes),
      endBlock: () => this.resync(),
      watch: (linear, bytes, kind) => this.#watching.passes(linear, bytes, kind),
    })
    const imports = this.#imports()
    const hot = hotHandlers
    const walkSlot = firstHandler + hot.length
    this.handlers = new HandlerTable(walkSlot, tableSize)
    this.handlers.procedure(walk as never, plainMode)
    const inline = inlineHandlers(hot, this.handlers)
    const interpreter = interpreterModule({
      map: this.map,
      pages,
      tableSize,
      walkSlot,
      inline: (runtime) =>
        inline({
          runtime,
          memoryBase: this.map.memoryBase,
          procedureSlot: (procedure, mode) => this.handlers.procedure(procedure, mode),
        }),
    })
    const instance = new wasm.Instance(new wasm.Module(interpreter), {
      interpreter: { memory: this.#memory, table: this.#table, ...imports },
    })
    this.#entry = instance.exports as unknown as Entry
    this.handlers.link({
      memory: this.#memory,
      pages,
      table: this.#table,
      exports: { ...imports, ...instance.exports },
      memoryBase: this.map.memoryBase,
    })
    this.handlers.flush()
    this.tlb = new TlbContexts(this.#cpu, this.#memory.buffer)
    this.#modeInputs = new ModeInputs(this.#cpu, this.#memory.buffer)
    this.blocks = new BlockCache(
      this.map,
      this.#memory.buffer,
      this.handlers,
      (page) => this.tlb.dropWrites(page),
      () => this.tlb.dropJumps(),
    )
    this.#state.setLong(at.sixteen, 16n)
    this.modeChanged()
  }

  // -- memory ----------------------------------------------------------------------------------------------------

  /** Guest memory at a physical address, as far as its slot goes; undefined where there is none. */
  physical(address: number): Uint8Array | undefined {
    return this.#slots.at(address)
  }

  /** Writes guest memory as a device would: blocks over it become stale. False where there is no memory. */
  writePhysical(address: number, bytes: Uint8Array): boolean {
    const target = this.#slots.at(address)
    if (target === undefined || target.length < bytes.length) return false
    target.set(bytes)
    for (let done = 0; done < bytes.length; ) {
      const host = target.byteOffset + done
      const piece = Math.min(bytes.length - done, 4096 - (host & 4095))
      this.blocks.stored(host, piece)
      done += piece
    }
    return true
  }

  // -- state -----------------------------------------------------------------------------------------------------

  get(field: StateField): bigint {
    return this.#state.get(field)
  }

  /** Sets a field. Call `modeChanged` after changes that code depends on. */
  set(field: StateField, value: bigint): void {
    this.#state.set(field, value)
  }

  gpr(index: number): bigint {
    return this.#state.long(at.gpr + index * 8)
  }

  setGpr(index: number, value: bigint): void {
    this.#state.setLong(at.gpr + index * 8, value)
  }

  /** RFLAGS whole. */
  rflags(): bigint {
    return this.get('RFLAGS') | BigInt(this.#entry.materialize(this.#cpu)) | 2n
  }

  setRflags(value: bigint): void {
    this.#state.setWord(at.flags, Number(value & 0x8d5n))
    this.#state.setWord(at.lazyClass, 0)
    this.set('RFLAGS', (value & ~0x8d5n) | 2n)
  }

  /** The 64 bytes of a vector register. */
  vector(index: number): Uint8Array {
    return this.#state.vector(index)
  }

  /** The ten bytes of an x87 register, by physical number. */
  x87(physical: number): Uint8Array {
    return this.#state.x87(physical)
  }

  // -- modes -----------------------------------------------------------------------------------------------------

  /** The mode that the next instruction runs in. */
  codeMode(): CodeMode {
    return codeModeOf(this.#state)
  }

  /** Brings everything that is derived from control registers, segments and flags up to date. */
  readonly modeChanged = (): void => {
    if (!this.#modeInputs.changed(this.tlb.views(0))) return
    const mode = this.codeMode()
    const word = modeWord(mode)
    const long = mode.execution === 'long'
    const base = long ? 0n : this.get('CS.base')
    if (base !== this.#state.long(at.codeBase) || !long) this.tlb.bumpJumps()
    this.#state.setWord(at.mode, word)
    this.#state.setLong(at.codeBase, base)
    this.#state.setLong(at.codeMask, long ? (1n << 64n) - 1n : 0xffff_ffffn)
    const ac = (this.get('RFLAGS') & (1n << BigInt(rflags.AC.low))) !== 0n
    const privilege = mode.user ? tlbPrivileges.user : ac ? tlbPrivileges.supervisorAc : tlbPrivileges.supervisor
    this.#programViews = this.tlb.views(0) + privilege
    this.#processorViews = this.tlb.views(0) + tlbPrivileges.supervisor
    const watching = this.#watching.arm(ac && mode.user)
    if (watching !== this.tlb.watching) {
      this.tlb.watching = watching
      this.tlb.bumpJumps()
    }
    this.#state.setWord(at.oddAccesses, watching ? 1 : 0)
    this.#state.setWord(at.tlb, watching ? this.tlb.watchingViews(0) + privilege : this.#programViews)
    this.#state.setWord(
      at.tlbProcessor,
      watching ? this.tlb.watchingViews(0) + tlbPrivileges.supervisor : this.#processorViews,
    )
    // RF holds instruction breakpoints off for one instruction: whoever runs us takes it away after that
    if ((this.get('RFLAGS') & (1n << BigInt(rflags.RF.low))) !== 0n) this.resync()
    const paging = (this.get('CR0') & (1n << 31n)) !== 0n
    const wide = long || (mode.execution === 'compatibility' && paging)
    const la57 = (this.get('CR4') & (1n << 12n)) !== 0n
    this.#state.setLong(at.canonicalShift, wide ? (la57 ? 7n : 16n) : 0n)
  }

  /** Data breakpoints met since the last look, as bits 3:0 of DR6. */
  takeDebugHits(): number {
    return this.#watching.takeHits()
  }

  // -- time ------------------------------------------------------------------------------------------------------

  /** Instructions retired so far, exact also in the middle of one that asked the surroundings. */
  retired(): number {
    if (!this.#running) return this.#retired
    const budget = this.#state.budget + this.#stolen
    const block = this.#state.word(at.block)
    const record = this.#state.word(at.record)
    const ahead = this.#view.getUint32(block + inBlock.count, true) - this.#view.getUint8(record + inRecord.index)
    return this.#retired + (this.#given - budget) - ahead
  }

  /** The instruction that is asking its surroundings, and the one behind it. */
  executing(): { readonly rip: bigint; readonly next: bigint } {
    const [block, record] = [this.#state.long(at.blockRip), this.#state.word(at.record)]
    const address = (field: number) => this.#wrapped(block + BigInt(this.#view.getUint16(record + field, true)))
    return { rip: address(inRecord.offset), next: address(inRecord.next) }
  }

  /** What is pending has changed: the block under execution ends after this instruction, and `run` comes back. */
  resync(): void {
    if (!this.#running) return
    const budget = this.#state.budget
    this.#stolen += budget
    this.#state.budget = 0
    this.#odd.endsBlock = true
  }

  set eventPending(pending: boolean) {
    this.#state.setWord(at.eventPending, pending ? 1 : 0)
  }

  /** Whether an interrupt could be taken between instructions now. */
  get interruptible(): boolean {
    return (this.get('RFLAGS') & (1n << 9n)) !== 0n && !this.shadowed
  }

  /** Whether STI, MOV SS or POP SS was the last instruction. */
  get shadowed(): boolean {
    return this.get('SHADOW') === BigInt(this.#retired)
  }

  // -- running ---------------------------------------------------------------------------------------------------

  /** Runs at most `budget` instructions. */
  run(budget: number): Stop {
    let left = budget
    for (;;) {
      const before = this.#retired
      const stop = this.#once(left)
      left -= this.#retired - before
      if (stop !== undefined) return stop
      if (left <= 0) return { kind: 'budget' }
    }
  }

  #once(budget: number): Stop | undefined {
    this.#given = budget
    this.#stolen = 0
    this.#state.budget = budget
    this.#running = true
    const why = this.#entry.run(this.#cpu, 0)
    return this.#settle(why)
  }

  /** Counts what was retired, and answers what emitted code could not. Undefined: go on. */
  #settle(why: number): Stop | undefined {
    const left = this.#state.budget + this.#stolen
    this.#running = false
    const resynced = this.#stolen > 0 || this.#odd.endsBlock
    this.#odd.endsBlock = false
    this.#retired += this.#given - left
    switch (why) {
      case status.miss:
        if (resynced) return { kind: 'events' }
        return this.#miss(left)
      case status.budget:
        if (resynced) return { kind: 'events' }
        return left > 0 ? this.#step() : { kind: 'budget' }
      case status.fault:
        this.#rewind()
        return this.#faultStop()
      case status.fetchFault:
        return this.#faultStop()
      case status.exit:
        return { kind: 'exit', reason: exitReasons[this.#state.word(at.exitReason)]! }
      default:
        return { kind: 'events' }
    }
  }

  #faultStop(): Stop {
    return { kind: 'fault', ...this.#state.notedFault() }
  }

  /** A fault: its instruction and those behind it were paid for and did not retire. */
  #rewind(): void {
    const block = this.#state.word(at.block)
    const record = this.#state.word(at.record)
    const index = this.#view.getUint8(record + inRecord.index)
    this.#retired -= this.#view.getUint32(block + inBlock.count, true) - index
    const rip = this.#state.long(at.blockRip) + BigInt(this.#view.getUint16(record + inRecord.offset, true))
    this.set('RIP', this.#wrapped(rip))
  }

  #wrapped(rip: bigint): bigint {
    return rip & this.#state.long(at.codeMask)
  }

  #miss(left: number): Stop | undefined {
    const host = this.#state.word(at.missHost)
    if (host !== 0 && this.blocks.add(host, this.#state.word(at.mode))) return undefined
    return left > 0 ? this.#step() : { kind: 'budget' }
  }

  /** Runs one instruction from a block of its own: the budget is short, or its bytes lie in two pages or in no memory. */
  #step(): Stop | undefined {
    const bytes = this.#fetch()
    if (bytes === undefined) return this.#faultStop()
    const block = this.#cpu + at.stepBlock
    const word = this.#state.word(at.mode)
    const size = this.blocks.write(block, this.#cpu + at.stepBytes, this.#cpu + at.stepBytes + bytes, word, 1, false)
    if (size === 0) {
      // the missing bytes are on a page that cannot be fetched
      return this.#fetchPart(this.#linearRip() + BigInt(bytes)) === undefined ? this.#faultStop() : undefined
    }
    this.#given = 1
    this.#stolen = 0
    this.#state.budget = 0
    this.#state.setWord(at.block, block)
    this.#state.setLong(at.blockRip, this.get('RIP'))
    this.#running = true
    const why = this.#entry.run(this.#cpu, block)
    if (why === status.budget || why === status.miss) {
      const left = this.#state.budget + this.#stolen
      const resynced = this.#odd.endsBlock
      this.#running = false
      this.#odd.endsBlock = false
      this.#retired += 1 - left
      return resynced ? { kind: 'events' } : undefined
    }
    return this.#settle(why)
  }

  #linearRip(): bigint {
    return (this.get('RIP') + this.#state.long(at.codeBase)) & this.#state.long(at.codeMask)
  }

  /** Up to fifteen bytes at RIP, copied to `stepBytes`; their number, or undefined after a fault on the first. */
  #fetch(): number | undefined {
    const linear = this.#linearRip()
    const first = Math.min(15, 4096 - Number(linear & 4095n))
    if (this.#fetchPart(linear) === undefined) return undefined
    this.#copyPart(linear, first, 0)
    if (first === 15) return first
    const [noted, cr2] = [this.#state.notedFault(), this.get('CR2')]
    if (this.#fetchPart(linear + BigInt(first)) === undefined) {
      this.set('CR2', cr2)
      this.#state.noteFault(noted.vector, noted.errorCode)
      return first
    }
    this.#copyPart(linear + BigInt(first), 15 - first, first)
    return 15
  }

  #fetchPart(linear: bigint): number | undefined {
    const masked = linear & this.#state.long(at.codeMask)
    const host = this.#entry.fill(
      this.#cpu,
      this.#cpu + at.stepBlock,
      this.#state.word(at.tlb),
      BigInt.asIntN(64, masked),
      (1 << 12) | 1,
    )
    return host === 0 ? undefined : host
  }

  #copyPart(linear: bigint, bytes: number, offset: number): void {
    const host = this.#fetchPart(linear)!
    const target = this.#cpu + at.stepBytes + offset
    if (host !== -1) return void this.#bytes.copyWithin(target, host, host + bytes)
    const address = Number(this.#state.long(at.missPhysical))
    for (let at = 0; at < bytes; at += 1)
      this.#bytes[target + at] = Number(this.#ports.mmioRead(address + at, 1) & 0xffn)
  }

  // -- events ----------------------------------------------------------------------------------------------------

  /**
   * Delivers an event through the IDT of the current mode. Gives undefined when done, or the fault that delivering it
   * met: the caller decides about a double fault.
   */
  deliver(
    vector: number,
    kind: number,
    errorCode: number | undefined,
    returnRip: bigint,
  ): { vector: number; errorCode: number | undefined } | undefined {
    const mode = modeOfWord(this.#state.word(at.mode))
    const slot = this.handlers.procedure(deliverEvent as never, {
      ...plainMode,
      codeSize: mode.codeSize,
      stackSize: mode.stackSize,
      execution: mode.execution,
    })
    this.handlers.flush()
    const call = this.#table.get(slot) as (...values: (number | bigint)[]) => number | [number]
    const hasCode = errorCode !== undefined && mode.execution !== 'real'
    const result = call(
      this.#cpu,
      this.#cpu + at.stepBlock + 32,
      this.#state.word(at.tlb),
      vector,
      kind,
      hasCode ? 1 : 0,
      errorCode ?? 0,
      returnRip,
    )
    const failedStatus = typeof result === 'number' ? result : result[0]
    if (failedStatus !== 0) return this.#state.notedFault()
    this.modeChanged()
    return undefined
  }

  // -- what emitted code asks ------------------------------------------------------------------------------------

  #imports() {
    return {
      host: (_cpu: number, call: number): number => this.#answers.answer(call),
      modeChanged: (_cpu: number): void => this.modeChanged(),
      shadow: (_cpu: number, kind: number): void => {
        this.set('SHADOW', BigInt(this.retired() + 1))
        this.set('SHADOW_KIND', BigInt(kind))
      },
      commit: (_cpu: number, record: number): number => this.#odd.commit(record),
      oddRead: (_cpu: number, record: number, tlb: number, linear: bigint, kind: number): [number, number] =>
        this.#odd.read(record, tlb, linear, kind),
      oddWrite: (_cpu: number, record: number, tlb: number, linear: bigint, kind: number): number =>
        this.#odd.write(record, tlb, linear, kind),
    }
  }
}

const plainMode = {
  codeSize: 64,
  operandSize: 64,
  addressSize: 64,
  stackSize: 64,
  execution: 'long',
  rep: 'none',
  lock: false,
} as const
