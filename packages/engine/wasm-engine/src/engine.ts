import { accessRights, exceptions, rflags, segmentNames, type StateField, stateFields } from '@vmm/x86-registers'
import { deliverEvent, hostCalls } from '@vmm/x86-semantics'
import { walk } from '@vmm/x86-paging'
import { accessKind } from './access.ts'
import { BlockCache } from './block-cache.ts'
import { type Breakpoint, dataBreakpoints, hitBy } from './breakpoints.ts'
import { coreModule } from './core-module.ts'
import { firstHandler } from './core/run.ts'
import { HandlerTable } from './handler-table.ts'
import { hotHandlers } from './hot-handlers.rows.ts'
import { inlineHandlers } from './inline-handlers.ts'
import { type MemoryMap, memoryMap, slotBytes, slotField, slotReadOnly } from './memory-map.ts'
import { type CodeMode, modeOfWord, modeWord } from './mode-word.ts'
import { ModeInputs } from './mode-inputs.ts'
import { OddAccesses } from './odd-accesses.ts'
import type { CpuPorts, Refused } from './ports.ts'
import { hostCallNames } from './reading/machine.ts'
import { exitReasons, type ExitReason, status } from './runtime.ts'
import { at, inBlock, inRecord, tlbPrivileges } from './state-layout.ts'
import { TlbContexts } from './tlb.ts'
import { type Memory, type Table, wasm } from './webassembly.ts'

const tableSize = 16384
const pageBytes = 65536

/** A piece of guest-physical memory. */
export interface MemorySlot {
  readonly address: number
  readonly bytes: number
  readonly readOnly?: boolean
}

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
  readonly #modeInputs: ModeInputs
  readonly #cpu: number
  #retired = 0
  #given = 0
  #stolen = 0
  #running = false
  #programViews = 0
  #processorViews = 0
  #alignment = false
  #breakpoints: readonly Breakpoint[] = []
  #debugHits = 0

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
    this.#odd = new OddAccesses(this.#memory.buffer, this.#cpu, {
      ports: options.ports,
      fill: (linear, kind, processor) => this.#entry.fill(this.#cpu, this.#number(at.record), processor ? this.#processorViews : this.#programViews, linear, kind),
      stored: (host, bytes) => this.blocks.stored(host, bytes),
      endBlock: () => this.resync(),
      watch: (linear, bytes, kind) => this.#watch(linear, bytes, kind),
    })
    const imports = this.#imports()
    const hot = hotHandlers
    const walkSlot = firstHandler + hot.length
    this.handlers = new HandlerTable(walkSlot)
    this.handlers.procedure(walk as never, plainMode)
    const inline = inlineHandlers(hot, this.handlers)
    const core = coreModule({ map: this.map, pages, tableSize, walkSlot, inline: (runtime) => inline({ runtime, memoryBase: this.map.memoryBase, procedureSlot: (procedure, mode) => this.handlers.procedure(procedure, mode) }) })
    const instance = new wasm.Instance(new wasm.Module(core), { core: { memory: this.#memory, table: this.#table, ...imports } })
    this.#entry = instance.exports as unknown as Entry
    this.handlers.link({ memory: this.#memory, pages, table: this.#table, exports: { ...imports, ...instance.exports }, memoryBase: this.map.memoryBase })
    this.handlers.flush()
    this.tlb = new TlbContexts(this.#cpu, this.#memory.buffer)
    this.#modeInputs = new ModeInputs(this.#cpu, this.#memory.buffer)
    this.blocks = new BlockCache(this.map, this.#memory.buffer, this.handlers, () => this.tlb.dropWriteViews(), () => this.tlb.dropJumps())
    this.#placeSlots(options.slots)
    this.#view.setBigUint64(this.#cpu + at.sixteen, 16n, true)
    this.modeChanged()
  }

  // -- memory ----------------------------------------------------------------------------------------------------

  #placeSlots(slots: readonly MemorySlot[]): void {
    let host = this.map.memoryBase
    slots.forEach(({ address, bytes, readOnly }, index) => {
      const slot = this.map.slots + index * slotBytes
      this.#view.setBigUint64(slot + slotField.gpa, BigInt(address), true)
      this.#view.setBigUint64(slot + slotField.bytes, BigInt(bytes), true)
      this.#view.setUint32(slot + slotField.host, host, true)
      this.#view.setUint32(slot + slotField.flags, readOnly === true ? slotReadOnly : 0, true)
      host += bytes
    })
    this.#view.setUint32(this.map.slots - 8, slots.length, true)
  }

  /** Guest memory at a physical address, as far as its slot goes; undefined where there is none. */
  physical(address: number): Uint8Array | undefined {
    for (let slot = this.map.slots; slot < this.map.slots + this.#view.getUint32(this.map.slots - 8, true) * slotBytes; slot += slotBytes) {
      const within = address - Number(this.#view.getBigUint64(slot + slotField.gpa, true))
      const bytes = Number(this.#view.getBigUint64(slot + slotField.bytes, true))
      if (within < 0 || within >= bytes) continue
      const host = this.#view.getUint32(slot + slotField.host, true)
      return this.#bytes.subarray(host + within, host + bytes)
    }
    return undefined
  }

  /** Writes guest memory as a device would: blocks over it become stale. False where there is no memory. */
  writePhysical(address: number, bytes: Uint8Array): boolean {
    const target = this.physical(address)
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

  #number(offset: number): number {
    return this.#view.getUint32(this.#cpu + offset, true)
  }

  get(field: StateField): bigint {
    const offset = this.#cpu + at[field]
    switch (stateFields[field]) {
      case 8:
        return BigInt(this.#view.getUint8(offset))
      case 16:
        return BigInt(this.#view.getUint16(offset, true))
      case 32:
        return BigInt(this.#view.getUint32(offset, true))
      default:
        return this.#view.getBigUint64(offset, true)
    }
  }

  /** Sets a field. Call `modeChanged` after changes that code depends on. */
  set(field: StateField, value: bigint): void {
    const offset = this.#cpu + at[field]
    switch (stateFields[field]) {
      case 8:
        return this.#view.setUint8(offset, Number(value & 0xffn))
      case 16:
        return this.#view.setUint16(offset, Number(value & 0xffffn), true)
      case 32:
        return this.#view.setUint32(offset, Number(value & 0xffff_ffffn), true)
      default:
        return this.#view.setBigUint64(offset, BigInt.asUintN(64, value), true)
    }
  }

  gpr(index: number): bigint {
    return this.#view.getBigUint64(this.#cpu + at.gpr + index * 8, true)
  }

  setGpr(index: number, value: bigint): void {
    this.#view.setBigUint64(this.#cpu + at.gpr + index * 8, BigInt.asUintN(64, value), true)
  }

  /** RFLAGS whole. */
  rflags(): bigint {
    return this.get('RFLAGS') | BigInt(this.#entry.materialize(this.#cpu)) | 2n
  }

  setRflags(value: bigint): void {
    this.#view.setUint32(this.#cpu + at.flags, Number(value & 0x8d5n), true)
    this.#view.setUint32(this.#cpu + at.lazyClass, 0, true)
    this.set('RFLAGS', (value & ~0x8d5n) | 2n)
  }

  /** The first bytes of a vector register. */
  vector(index: number): Uint8Array {
    const start = this.#cpu + at.vector + index * 64
    return this.#bytes.subarray(start, start + 64)
  }

  // -- modes -----------------------------------------------------------------------------------------------------

  codeMode(): CodeMode {
    const cr0 = this.get('CR0')
    const cs = Number(this.get('CS.access'))
    const stackSize = (Number(this.get('SS.access')) & accessRights.big) !== 0 ? 32 : 16
    const codeSize = (cs & accessRights.big) !== 0 ? 32 : 16
    const user = this.get('CPL') === 3n
    if ((cr0 & 1n) === 0n) return { execution: 'real', codeSize, stackSize, user }
    if ((this.get('IA32_EFER') & 0x400n) !== 0n) {
      if ((cs & accessRights.long) !== 0) return { execution: 'long', codeSize: 64, stackSize: 64, user }
      return { execution: 'compatibility', codeSize, stackSize, user }
    }
    if ((this.get('RFLAGS') & (1n << 17n)) !== 0n) return { execution: 'virtual-8086', codeSize: 16, stackSize: 16, user: true }
    return { execution: 'protected', codeSize, stackSize, user }
  }

  /** Brings everything that is derived from control registers, segments and flags up to date. */
  readonly modeChanged = (): void => {
    if (!this.#modeInputs.changed(this.tlb.views(0))) return
    const mode = this.codeMode()
    const word = modeWord(mode)
    const long = mode.execution === 'long'
    const base = long ? 0n : this.get('CS.base')
    if (base !== this.#view.getBigUint64(this.#cpu + at.codeBase, true) || !long) this.tlb.bumpJumps()
    this.#view.setUint32(this.#cpu + at.mode, word, true)
    this.#view.setBigUint64(this.#cpu + at.codeBase, base, true)
    this.#view.setBigUint64(this.#cpu + at.codeMask, long ? (1n << 64n) - 1n : 0xffff_ffffn, true)
    const ac = (this.get('RFLAGS') & (1n << BigInt(rflags.AC.low))) !== 0n
    const privilege = mode.user ? tlbPrivileges.user : ac ? tlbPrivileges.supervisorAc : tlbPrivileges.supervisor
    this.#programViews = this.tlb.views(0) + privilege
    this.#processorViews = this.tlb.views(0) + tlbPrivileges.supervisor
    this.#alignment = ac && mode.user && (this.get('CR0') & (1n << 18n)) !== 0n
    this.#breakpoints = dataBreakpoints((index) => this.get(`DR${index}`), Number(this.get('DR7')))
    const watching = this.#alignment || this.#breakpoints.length > 0
    if (watching !== this.tlb.watching) {
      this.tlb.watching = watching
      this.tlb.bumpJumps()
    }
    this.#view.setUint32(this.#cpu + at.oddAccesses, watching ? 1 : 0, true)
    this.#view.setUint32(this.#cpu + at.tlb, watching ? this.tlb.watchingViews(0) + privilege : this.#programViews, true)
    this.#view.setUint32(this.#cpu + at.tlbProcessor, watching ? this.tlb.watchingViews(0) + tlbPrivileges.supervisor : this.#processorViews, true)
    // RF holds instruction breakpoints off for one instruction: whoever runs us takes it away after that
    if ((this.get('RFLAGS') & (1n << BigInt(rflags.RF.low))) !== 0n) this.resync()
    const paging = (this.get('CR0') & (1n << 31n)) !== 0n
    const wide = long || (mode.execution === 'compatibility' && paging)
    const la57 = (this.get('CR4') & (1n << 12n)) !== 0n
    this.#view.setBigUint64(this.#cpu + at.canonicalShift, wide ? (la57 ? 7n : 16n) : 0n, true)
  }

  /** Alignment checks and data breakpoints, while either is armed. */
  #watch(linear: bigint, bytes: number, kind: number): boolean {
    const byProgram = (kind & accessKind.processor) === 0
    if (this.#alignment && byProgram && bytes <= 8 && (linear & BigInt(bytes - 1)) !== 0n) {
      this.#view.setUint32(this.#cpu + at.faultVector, exceptions.AC.vector, true)
      this.#view.setUint32(this.#cpu + at.faultCode, 0, true)
      this.#view.setUint32(this.#cpu + at.faultHasCode, 1, true)
      return false
    }
    const write = (kind & accessKind.write) !== 0
    const hits = hitBy(this.#breakpoints, BigInt.asUintN(64, linear), bytes, write)
    if (hits !== 0) {
      this.#debugHits |= hits
      this.resync()
    }
    return true
  }

  /** Data breakpoints met since the last look, as bits 3:0 of DR6. */
  takeDebugHits(): number {
    const hits = this.#debugHits
    this.#debugHits = 0
    return hits
  }

  // -- time ------------------------------------------------------------------------------------------------------

  /** Instructions retired so far, exact also in the middle of one that asked the surroundings. */
  retired(): number {
    if (!this.#running) return this.#retired
    const budget = this.#view.getInt32(this.#cpu + at.budget, true) + this.#stolen
    const block = this.#number(at.block)
    const record = this.#number(at.record)
    const ahead = this.#view.getUint32(block + inBlock.count, true) - this.#view.getUint8(record + inRecord.index)
    return this.#retired + (this.#given - budget) - ahead
  }

  /** What is pending has changed: the block under execution ends after this instruction, and `run` comes back. */
  resync(): void {
    if (!this.#running) return
    const budget = this.#view.getInt32(this.#cpu + at.budget, true)
    this.#stolen += budget
    this.#view.setInt32(this.#cpu + at.budget, 0, true)
    this.#odd.endsBlock = true
  }

  set eventPending(pending: boolean) {
    this.#view.setUint32(this.#cpu + at.eventPending, pending ? 1 : 0, true)
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
    this.#view.setInt32(this.#cpu + at.budget, budget, true)
    this.#running = true
    const why = this.#entry.run(this.#cpu, 0)
    return this.#settle(why)
  }

  /** Counts what was retired, and answers what emitted code could not. Undefined: go on. */
  #settle(why: number): Stop | undefined {
    const left = this.#view.getInt32(this.#cpu + at.budget, true) + this.#stolen
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
        return { kind: 'exit', reason: exitReasons[this.#number(at.exitReason)]! }
      default:
        return { kind: 'events' }
    }
  }

  #faultStop(): Stop {
    const vector = this.#number(at.faultVector)
    return { kind: 'fault', vector, errorCode: this.#number(at.faultHasCode) === 0 ? undefined : this.#number(at.faultCode) }
  }

  /** A fault: its instruction and those behind it were paid for and did not retire. */
  #rewind(): void {
    const block = this.#number(at.block)
    const record = this.#number(at.record)
    const index = this.#view.getUint8(record + inRecord.index)
    this.#retired -= this.#view.getUint32(block + inBlock.count, true) - index
    const rip = this.#view.getBigUint64(this.#cpu + at.blockRip, true) + BigInt(this.#view.getUint16(record + inRecord.offset, true))
    this.set('RIP', this.#wrapped(rip))
  }

  #wrapped(rip: bigint): bigint {
    return rip & this.#view.getBigUint64(this.#cpu + at.codeMask, true)
  }

  #miss(left: number): Stop | undefined {
    const host = this.#number(at.missHost)
    if (host !== 0 && this.blocks.add(host, this.#number(at.mode))) return undefined
    return left > 0 ? this.#step() : { kind: 'budget' }
  }

  /** Runs one instruction from a block of its own: the budget is short, or its bytes lie in two pages or in no memory. */
  #step(): Stop | undefined {
    const bytes = this.#fetch()
    if (bytes === undefined) return this.#faultStop()
    const block = this.#cpu + at.stepBlock
    const word = this.#number(at.mode)
    const size = this.blocks.write(block, this.#cpu + at.stepBytes, this.#cpu + at.stepBytes + bytes, word, 1, false)
    if (size === 0) {
      // the missing bytes are on a page that cannot be fetched
      return this.#fetchPart(this.#linearRip() + BigInt(bytes)) === undefined ? this.#faultStop() : undefined
    }
    this.#given = 1
    this.#stolen = 0
    this.#view.setInt32(this.#cpu + at.budget, 0, true)
    this.#view.setUint32(this.#cpu + at.block, block, true)
    this.#view.setBigUint64(this.#cpu + at.blockRip, this.get('RIP'), true)
    this.#running = true
    const why = this.#entry.run(this.#cpu, block)
    if (why === status.budget || why === status.miss) {
      const left = this.#view.getInt32(this.#cpu + at.budget, true) + this.#stolen
      const resynced = this.#odd.endsBlock
      this.#running = false
      this.#odd.endsBlock = false
      this.#retired += 1 - left
      return resynced ? { kind: 'events' } : undefined
    }
    return this.#settle(why)
  }

  #linearRip(): bigint {
    return (this.get('RIP') + this.#view.getBigUint64(this.#cpu + at.codeBase, true)) & this.#view.getBigUint64(this.#cpu + at.codeMask, true)
  }

  /** Up to fifteen bytes at RIP, copied to `stepBytes`; their number, or undefined after a fault on the first. */
  #fetch(): number | undefined {
    const linear = this.#linearRip()
    const first = Math.min(15, 4096 - Number(linear & 4095n))
    if (this.#fetchPart(linear) === undefined) return undefined
    this.#copyPart(linear, first, 0)
    if (first === 15) return first
    const saved = [at.faultVector, at.faultCode, at.faultHasCode].map((field) => this.#number(field))
    const cr2 = this.get('CR2')
    if (this.#fetchPart(linear + BigInt(first)) === undefined) {
      this.set('CR2', cr2)
      ;[at.faultVector, at.faultCode, at.faultHasCode].forEach((field, index) => this.#view.setUint32(this.#cpu + field, saved[index]!, true))
      return first
    }
    this.#copyPart(linear + BigInt(first), 15 - first, first)
    return 15
  }

  #fetchPart(linear: bigint): number | undefined {
    const masked = linear & this.#view.getBigUint64(this.#cpu + at.codeMask, true)
    const host = this.#entry.fill(this.#cpu, this.#cpu + at.stepBlock, this.#number(at.tlb), BigInt.asIntN(64, masked), (1 << 12) | 1)
    return host === 0 ? undefined : host
  }

  #copyPart(linear: bigint, bytes: number, offset: number): void {
    const host = this.#fetchPart(linear)!
    const target = this.#cpu + at.stepBytes + offset
    if (host !== -1) return void this.#bytes.copyWithin(target, host, host + bytes)
    const address = Number(this.#view.getBigUint64(this.#cpu + at.missPhysical, true))
    for (let at = 0; at < bytes; at += 1) this.#bytes[target + at] = Number(this.#ports.mmioRead(address + at, 1) & 0xffn)
  }

  // -- events ----------------------------------------------------------------------------------------------------

  /**
   * Delivers an event through the IDT of the current mode. Gives undefined when done, or the fault that delivering it
   * met: the caller decides about a double fault.
   */
  deliver(vector: number, kind: number, errorCode: number | undefined, returnRip: bigint): { vector: number; errorCode: number | undefined } | undefined {
    const mode = modeOfWord(this.#number(at.mode))
    const slot = this.handlers.procedure(deliverEvent as never, { ...plainMode, codeSize: mode.codeSize, stackSize: mode.stackSize, execution: mode.execution })
    this.handlers.flush()
    const call = this.#table.get(slot) as (...values: (number | bigint)[]) => number | [number]
    const hasCode = errorCode !== undefined && mode.execution !== 'real'
    const result = call(this.#cpu, this.#cpu + at.stepBlock + 32, this.#number(at.tlb), vector, kind, hasCode ? 1 : 0, errorCode ?? 0, returnRip)
    const failedStatus = typeof result === 'number' ? result : result[0]
    if (failedStatus !== 0) {
      const stop = this.#faultStop()
      return stop.kind === 'fault' ? { vector: stop.vector, errorCode: stop.errorCode } : undefined
    }
    this.modeChanged()
    return undefined
  }

  // -- what emitted code asks ------------------------------------------------------------------------------------

  #imports() {
    return {
      host: (_cpu: number, call: number): number => this.#host(call),
      modeChanged: (_cpu: number): void => this.modeChanged(),
      shadow: (_cpu: number, kind: number): void => {
        this.set('SHADOW', BigInt(this.retired() + 1))
        this.set('SHADOW_KIND', BigInt(kind))
      },
      commit: (_cpu: number, record: number): number => this.#odd.commit(record),
      oddRead: (_cpu: number, record: number, tlb: number, linear: bigint, kind: number): [number, number] => this.#odd.read(record, tlb, linear, kind),
      oddWrite: (_cpu: number, record: number, tlb: number, linear: bigint, kind: number): number => this.#odd.write(record, tlb, linear, kind),
    }
  }

  #value(index: number): bigint {
    return this.#view.getBigUint64(this.#cpu + at.hostValues + index * 8, true)
  }

  #answer(index: number, value: bigint): void {
    this.#view.setBigUint64(this.#cpu + at.hostValues + index * 8, BigInt.asUintN(64, value), true)
  }

  #host(number: number): number {
    const name = hostCallNames[number]!
    const refused = this.#hostCalls[name]()
    if (refused === undefined) return 0
    this.#view.setUint32(this.#cpu + at.faultVector, refused.vector, true)
    this.#view.setUint32(this.#cpu + at.faultCode, refused.errorCode ?? 0, true)
    this.#view.setUint32(this.#cpu + at.faultHasCode, refused.errorCode === undefined ? 0 : 1, true)
    return 1
  }

  readonly #hostCalls: Readonly<Record<keyof typeof hostCalls, () => Refused | undefined>> = {
    cpuid: () => {
      const answer = this.#ports.cpuid(Number(this.#value(0)), Number(this.#value(1)))
      answer.forEach((value, index) => this.#answer(index, BigInt(value >>> 0)))
      return undefined
    },
    readMsr: () => {
      const value = this.#ports.readMsr(Number(this.#value(0)))
      if (typeof value !== 'bigint') return value
      this.#answer(0, value)
      return undefined
    },
    writeMsr: () => this.#ports.writeMsr(Number(this.#value(0)), this.#value(1)),
    portIn: () => {
      const size = Number(this.#value(1)) as 1 | 2 | 4
      this.#answer(0, BigInt(this.#ports.portIn(Number(this.#value(0)), size) >>> 0))
      return undefined
    },
    portOut: () => {
      this.#ports.portOut(Number(this.#value(0)), Number(this.#value(1)) as 1 | 2 | 4, Number(this.#value(2) & 0xffff_ffffn))
      return undefined
    },
    timeStamp: () => void this.#answer(0, this.#ports.timeStamp()) as undefined,
    random: () => void this.#answer(0, this.#ports.random()) as undefined,
    seed: () => void this.#answer(0, this.#ports.random()) as undefined,
    performanceCounter: () => ({ kind: 'fault', vector: 13, errorCode: 0 }),
    hypercall: () => void this.#ports.hypercall() as undefined,
    taskPriority: () => void this.#answer(0, BigInt(this.#ports.taskPriority())) as undefined,
    setTaskPriority: () => void this.#ports.setTaskPriority(Number(this.#value(0))) as undefined,
    writeXcr: () => this.#ports.writeXcr(Number(this.#value(0)), this.#value(1)),
    flushTlb: () => void this.tlb.flushAll() as undefined,
    flushTlbNonGlobal: () => void this.tlb.flushCurrent() as undefined,
    flushPage: () => void this.tlb.flushPage(this.#value(0)) as undefined,
    flushContext: () => this.#flushContext(),
    addressSpace: () => this.#addressSpace(this.#value(0)),
    monitor: () => void this.set('MONITOR', this.#value(0)) as undefined,
  }

  #flushContext(): undefined {
    const [pcid, linear, type] = [Number(this.#value(0)), this.#value(1), Number(this.#value(2))]
    if (type === 0) this.tlb.flushPage(linear)
    else if (type === 1) this.tlb.flushPcid(pcid)
    else this.tlb.flushAll()
    this.modeChanged()
    return undefined
  }

  #addressSpace(value: bigint): undefined {
    const pcids = (this.get('CR4') & (1n << 17n)) !== 0n
    const keep = value >> 63n === 1n
    this.tlb.use(pcids ? Number(value & 0xfffn) : 0, pcids && keep)
    this.modeChanged()
    return undefined
  }

  /** Segment names in the order of the encoding, for those who print state. */
  static readonly segments = segmentNames
}

const plainMode = { codeSize: 64, operandSize: 64, addressSize: 64, stackSize: 64, execution: 'long', rep: 'none', lock: false } as const
