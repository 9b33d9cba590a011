import { maskedLinear } from '@vmm/x86-paging'
import { apicAccesses, type Surroundings, unanswered } from '@vmm/x86-semantics'
import { accessKind } from './access.ts'
import { builtIn } from './interpreter/run.ts'
import type { KnownAnswers } from './known-answers.ts'
import { noMemory } from './runtime.ts'
import { at, inRecord, recordBytes } from './state-layout.ts'

/** A stretch of an access that lies in one page: in guest memory, or where a device may answer. */
interface Part {
  readonly offset: number
  readonly bytes: number
  /** 0 where stores go to a device. */
  readonly host: number
  readonly physical: number
  /** Whether a store to its memory is to be told. */
  readonly told: boolean
  /** Where loads find it: memory that stores do not reach too. 0 where a device answers. */
  readonly source: number
}

/** Guest memory, whoever stores to it. */
interface Stored {
  /** Makes a store to one page. */
  storing(host: number, bytes: number, store: () => void): void
  /** It was made; true if blocks became stale. */
  stored(host: number, bytes: number): boolean
  /** No other processor runs until `othersGoOn`. */
  stopOthers(): void
  /** They do, if they were stopped. */
  othersGoOn(): void
}

interface WholeDevice extends Part {
  bytes: number
  physical: number
}

const nothing: readonly Part[] = []

interface Helpers {
  readonly ports: Surroundings
  fill(linear: bigint, kind: number, processor: boolean): number
  /** Where a physical address is in memory, read-only or not; 0 where it is not. */
  hostOf(physical: number): number
  readonly machine: Stored
  endBlock(): void
  readonly known: KnownAnswers
  /** A page of memory that is told of is stored to. */
  toldStore(physical: number): void
  /** Notes a debug or alignment check: false if the access must not happen, a fault has been noted. */
  watch(linear: bigint, bytes: number, kind: number): boolean
  noteFault(vector: number, errorCode: number | undefined): void
}

/** Accesses that a plain load or store cannot make: across pages, to devices, to pages that hold code. */
export class OddAccesses {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #cpu: number
  /** Where the bytes of an access are put together. */
  readonly #scratch: number
  readonly #helpers: Helpers
  #pending: readonly Part[] = nothing
  /** What a store is to a device that is made in one piece: the same each time, but for its bytes and its place. */
  readonly #device: readonly [WholeDevice] = [{ offset: 0, bytes: 0, host: 0, physical: 0, told: false, source: 0 }]
  /** Set when the block must not go on after the access: what follows may be stale, or events are due. */
  endsBlock = false

  constructor(buffer: SharedArrayBuffer, { cpu, scratch }: { cpu: number; scratch: number }, helpers: Helpers) {
    this.#scratch = scratch
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#cpu = cpu
    this.#helpers = helpers
    this.#view.setUint32(cpu + at.scratch, scratch, true)
  }

  /** Whether it was to end, since the last look. */
  takeEnd(): boolean {
    const ends = this.endsBlock
    this.endsBlock = false
    return ends
  }

  /** Gathers the bytes into scratch. Gives its address, or 0 after a fault or without an answer, and the record to go on with. */
  read(record: number, _tlb: number, linear: bigint, kind: number): [number, number] {
    const parts = this.#parts(linear, kind)
    if (parts === undefined) return [0, record]
    if (!parts.every((part) => this.#gather(part))) return [0, record]
    return [this.#scratch, this.#next(record)]
  }

  /** Translates for a store that will be put into scratch and committed. 0 after a fault. */
  write(_record: number, _tlb: number, linear: bigint, kind: number): number {
    const parts = this.#parts(linear, kind)
    if (parts === undefined) return 0
    if ((kind & accessKind.locked) !== 0) this.#helpers.machine.stopOthers()
    if ((kind & accessKind.modify) !== 0 && !parts.every((part) => this.#gather(part))) return 0
    this.#pending = parts
    return this.#scratch
  }

  /** Reads a device in one piece, where a walk has just ended, into scratch. Gives the record to go on with, or 0. */
  deviceRead(record: number, kind: number): number {
    const bytes = kind & accessKind.sizeMask
    const physical = this.#missed()
    if (this.#isRefusedWhole(record, physical, kind, 'read')) return 0
    const value = this.#helpers.ports.mmioRead(physical, bytes, 'data')
    if (value === undefined) return this.#unanswered()
    this.#view.setBigUint64(this.#scratch, value, true)
    return this.#next(record)
  }

  /** The store to a device waits in scratch for its commit. 0 if it must not be. */
  deviceWrite(record: number, kind: number): number {
    const bytes = kind & accessKind.sizeMask
    const physical = this.#missed()
    if (this.#isRefusedWhole(record, physical, kind, 'write')) return 0
    const device = this.#device[0]
    device.bytes = bytes
    device.physical = physical
    if ((kind & accessKind.modify) !== 0) {
      if (!this.#gather({ ...device, source: this.#helpers.hostOf(physical) })) return 0
    }
    this.#pending = this.#device
    return record
  }

  /** Whether an access that is to follow would be let be made. A refusal is noted. */
  deviceReach(bytes: number, kind: number): boolean {
    const purpose = (kind & accessKind.write) === 0 ? 'read' : 'write'
    return !this.#isRefused(this.#missed(), (kind & ~accessKind.sizeMask) | bytes, purpose)
  }

  #missed(): number {
    const place = this.#cpu + at.missPhysical
    return this.#view.getUint32(place, true) + this.#view.getUint32(place + 4, true) * 2 ** 32
  }

  /** What an instruction was let do once, it is let do again; but of the APIC-access page each place is asked about. */
  #isRefusedWhole(record: number, physical: number, kind: number, purpose: 'read' | 'write'): boolean {
    if (physical >= apicAccesses) return this.#isRefused(physical, kind, purpose)
    const { accesses } = this.#helpers.known
    if (accesses.repeats(record, physical, purpose)) return false
    if (this.#isRefused(physical, kind, purpose)) return true
    accesses.keep(record, physical, purpose)
    return false
  }

  /** What modifies a place reads it first, and may do only one of both at the APIC-access page. */
  #isRefused(physical: number, kind: number, purpose: 'read' | 'write'): boolean {
    const { ports } = this.#helpers
    const bytes = kind & accessKind.sizeMask
    const reads = physical >= apicAccesses && (kind & accessKind.modify) !== 0
    const isUnread = reads && ports.unreachable?.(physical, bytes, 'read') === true
    if (!isUnread && ports.unreachable?.(physical, bytes, purpose) !== true) return false
    this.#unanswered()
    return true
  }

  #unanswered(): 0 {
    this.#helpers.noteFault(unanswered, undefined)
    return 0
  }

  /** The store in scratch happens. Gives the record to go on with. */
  commit(record: number): number {
    for (const { offset, bytes, host, physical, told } of this.#pending) {
      if (told) this.#helpers.toldStore(physical)
      const from = this.#scratch + offset
      if (host === 0) this.#toDevice(from, physical, bytes)
      else {
        this.#helpers.machine.storing(host, bytes, () => void this.#bytes.copyWithin(host, from, from + bytes))
        if (this.#helpers.machine.stored(host, bytes)) this.#helpers.endBlock()
      }
    }
    this.#pending = nothing
    this.#helpers.machine.othersGoOn()
    return this.#next(record)
  }

  /** An access to a shadow stack, which finds its place itself, is looked at as others are. Gives the record to go on with. */
  watched(record: number, linear: bigint, kind: number): number {
    this.#helpers.watch(linear, kind & accessKind.sizeMask, kind)
    return this.#next(record)
  }

  /** Both pages are translated before anything is touched. */
  #parts(given: bigint, kind: number): Part[] | undefined {
    const linear = this.#masked(given, kind)
    if (this.#view.getUint32(this.#cpu + at.delivering, true) !== 0) return undefined
    const bytes = kind & accessKind.sizeMask
    const processor = (kind & accessKind.processor) !== 0
    // addresses that do not exist are refused first, whatever their alignment
    const exists = this.#isCanonical(linear) && this.#isCanonical(linear + BigInt(bytes - 1))
    if (exists && !this.#helpers.watch(linear, bytes, kind)) return undefined
    const room = 4096 - Number(BigInt.asUintN(12, linear))
    const pieces: [number, number][] =
      bytes <= room
        ? [[0, bytes]]
        : [
            [0, room],
            [room, bytes - room],
          ]
    // an access that runs out of the canonical addresses is refused before any page is looked at
    if (pieces.length === 2 && !this.#isCanonical(linear + BigInt(room))) pieces.shift()
    const parts: Part[] = []
    for (const [offset, length] of pieces) {
      const piece = (kind & ~accessKind.sizeMask) | accessKind.probe | length
      const part = this.#part(this.#wrapped(linear + BigInt(offset)), { offset, bytes: length }, piece, processor)
      if (part === undefined) return undefined
      parts.push(part)
    }
    return parts
  }

  #part(
    linear: bigint,
    { offset, bytes }: Pick<Part, 'offset' | 'bytes'>,
    kind: number,
    processor: boolean,
  ): Part | undefined {
    this.#view.setUint32(this.#cpu + at.told, 0, true)
    const host = this.#helpers.fill(linear, kind, processor)
    if (host === 0) return undefined
    const told = this.#view.getUint32(this.#cpu + at.told, true) !== 0
    const known = told || host === noMemory
    const physical = known ? this.#missed() : 0
    if (host !== noMemory) return { offset, bytes, host: host >>> 0, physical, told, source: host >>> 0 }
    const purpose = (kind & accessKind.write) === 0 ? 'read' : 'write'
    if (this.#isRefused(physical, kind, purpose)) return undefined
    return { offset, bytes, host: 0, physical, told, source: this.#helpers.hostOf(physical) }
  }

  #masked(linear: bigint, kind: number): bigint {
    const isOthers = (kind & (accessKind.execute | accessKind.processor)) !== 0
    if (isOthers || this.#view.getUint32(this.#cpu + at.masking, true) === 0) return linear
    const register = (place: number) => this.#view.getBigUint64(this.#cpu + place, true)
    return maskedLinear(BigInt.asUintN(64, linear), { CR3: register(at.CR3), CR4: register(at.CR4) })
  }

  /** Where linear addresses have 32 bits, an access may go over the top. */
  #wrapped(linear: bigint): bigint {
    const isNarrow = this.#view.getBigUint64(this.#cpu + at.canonicalShift, true) === 0n
    return isNarrow ? BigInt.asUintN(32, linear) : BigInt.asIntN(64, linear)
  }

  #isCanonical(linear: bigint): boolean {
    const shift = Number(this.#view.getBigUint64(this.#cpu + at.canonicalShift, true))
    return shift === 0 || BigInt.asIntN(64 - shift, linear) === BigInt.asIntN(64, linear)
  }

  /** False while a device has no answer: that has been noted. */
  #gather({ offset, bytes, source, physical }: Part): boolean {
    const to = this.#scratch + offset
    if (source !== 0) {
      this.#bytes.copyWithin(to, source, source + bytes)
      return true
    }
    for (const [at, size] of inEights(bytes)) {
      let value = this.#helpers.ports.mmioRead(physical + at, size, 'data')
      if (value === undefined) return this.#unanswered() !== 0
      for (let byte = 0; byte < size; byte += 1, value >>= 8n) this.#bytes[to + at + byte] = Number(value & 0xffn)
    }
    return true
  }

  #toDevice(from: number, physical: number, bytes: number): void {
    this.#helpers.known.ports.forget()
    if (bytes === 4) return this.#helpers.ports.mmioWrite(physical, bytes, BigInt(this.#view.getUint32(from, true)))
    for (const [at, size] of inEights(bytes)) {
      let value = 0n
      for (let byte = size - 1; byte >= 0; byte -= 1) value = (value << 8n) | BigInt(this.#bytes[from + at + byte]!)
      this.#helpers.ports.mmioWrite(physical + at, size, value)
    }
  }

  /** If the block must end here, a copy of the record is followed by one that ends it. */
  #next(record: number): number {
    if (!this.endsBlock) return record
    const copy = this.#cpu + at.resync
    this.#bytes.copyWithin(copy, record, record + recordBytes)
    const end = copy + recordBytes
    this.#view.setUint16(end + inRecord.handler, builtIn.resync, true)
    this.#view.setUint8(end + inRecord.index, this.#view.getUint8(record + inRecord.index) + 1)
    this.#view.setUint16(end + inRecord.offset, this.#view.getUint16(record + inRecord.next, true), true)
    return copy
  }
}

/** Splits an access to what is no memory into pieces of at most eight bytes: where each begins, and how long it is. */
function inEights(bytes: number): [number, number][] {
  return Array.from({ length: Math.ceil(bytes / 8) }, (_, piece) => [piece * 8, Math.min(8, bytes - piece * 8)])
}
