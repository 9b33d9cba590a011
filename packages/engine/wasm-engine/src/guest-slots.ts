import { type MemoryMap, slotBytes, slotField, slotReadOnly, slotTold } from './memory-map.ts'

/** A piece of guest-physical memory. */
export interface MemorySlot {
  readonly address: number
  readonly bytes: number
  readonly readOnly?: boolean
  /** Whoever answers the engine is told of the first load and store to each of its pages, and again after `forgetStores`. */
  readonly told?: boolean
  /** Where in the machine's memory it lies, in bytes; left out, behind the slot before it. Slots may share memory. */
  readonly offset?: number
}

/** Where slots and the memory they show lie. */
interface SlotPlace {
  readonly map: MemoryMap
  readonly table: number
  readonly end: number
  readonly buffer: SharedArrayBuffer
}

/** Who hears of changes. `stored` is told of a piece of one page, by its place in linear memory. */
interface Told {
  readonly stored: (host: number, bytes: number) => void
  readonly replaced: () => void
  /** Somebody else than the guest stores to a page of a slot that is told of. */
  readonly told: (address: number) => void
}

type PlacedSlot = MemorySlot & { readonly host: number }

/** Guest memory by physical address, in one address space: the slots that the walk and the slow paths look in. */
export class GuestSlots {
  /** The table in linear memory, which a vCPU names that is in this address space. */
  readonly table: number
  readonly #map: MemoryMap
  readonly #end: number
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #told: Told
  #slots: readonly PlacedSlot[] = []

  /** Slots whose memory lies below `end` of linear memory. */
  constructor({ map, table, end, buffer }: SlotPlace, told: Told) {
    this.#map = map
    this.table = table
    this.#end = end
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#told = told
  }

  /** The machine's memory, whether a slot shows it to the guest or not. */
  get memory(): Uint8Array {
    return this.#bytes.subarray(this.#map.memoryBase, this.#end)
  }

  /** Writes guest memory. False where there is not so much of it. */
  writeAt(address: number, bytes: Uint8Array): boolean {
    const target = this.at(address)
    if (target === undefined || target.length < bytes.length) return false
    if (this.#slotAt(address)?.told === true)
      for (let page = address - (address % 4096); page < address + bytes.length; page += 4096) this.#told.told(page)
    this.writeMemory(target.byteOffset - this.#map.memoryBase, bytes)
    return true
  }

  /** Writes the machine's memory at an offset. */
  writeMemory(offset: number, bytes: Uint8Array): void {
    const start = this.#map.memoryBase + offset
    this.#bytes.set(bytes, start)
    for (const { host, count } of inPages(start, bytes.length)) this.#told.stored(host, count)
  }

  /**
   * Shows the guest other memory, or the same elsewhere. What is decoded stays: it belongs to memory, not to its address.
   * @throws {RangeError} if there are too many slots, or one lies beyond the machine's memory; then nothing has changed.
   */
  replace(slots: readonly MemorySlot[]): void {
    this.write(slots)
    this.#told.replaced()
  }

  /**
   * Writes the table of slots of an engine that has not run.
   * @throws {RangeError} if there are too many, or one lies beyond the machine's memory; then nothing has changed.
   */
  write(slots: readonly MemorySlot[]): void {
    const { table } = this
    const { slotsAtMost, memoryBase } = this.#map
    const placed = place(slots, memoryBase)
    if (slots.length > slotsAtMost) throw new RangeError(`${slots.length} memory slots are too many`)
    const beyond = placed.find((slot) => slot.host < memoryBase || slot.host + slot.bytes > this.#end)
    if (beyond !== undefined)
      throw new RangeError(`the slot at 0x${beyond.address.toString(16)} lies beyond the machine's memory`)
    for (const [index, slot] of placed.entries()) this.#writeEntry(table + index * slotBytes, slot)
    this.#view.setUint32(table - 8, placed.length, true)
    this.#slots = placed
  }

  #writeEntry(entry: number, { address, bytes, host, readOnly, told }: PlacedSlot): void {
    this.#view.setBigUint64(entry + slotField.gpa, BigInt(address), true)
    this.#view.setBigUint64(entry + slotField.bytes, BigInt(bytes), true)
    this.#view.setUint32(entry + slotField.host, host, true)
    const flags = (readOnly === true ? slotReadOnly : 0) | (told === true ? slotTold : 0)
    this.#view.setUint32(entry + slotField.flags, flags, true)
  }

  /** Every slot with its memory, in the order given. */
  all(): readonly { readonly address: number; readonly memory: Uint8Array }[] {
    return this.#slots.map(({ address, bytes, host }) => ({
      address,
      memory: this.#bytes.subarray(host, host + bytes),
    }))
  }

  /** The physical address of a place in linear memory; undefined where that is no guest's. */
  addressOf(host: number): number | undefined {
    const slot = this.#slots.find((candidate) => host >= candidate.host && host < candidate.host + candidate.bytes)
    return slot === undefined ? undefined : slot.address + host - slot.host
  }

  /** Memory from a physical address to the end of its slot; undefined where there is none. */
  at(address: number): Uint8Array | undefined {
    const slot = this.#slotAt(address)
    return slot === undefined
      ? undefined
      : this.#bytes.subarray(slot.host + address - slot.address, slot.host + slot.bytes)
  }

  /** Whether there is memory that processors may store to. */
  takesStores(address: number): boolean {
    const slot = this.#slotAt(address)
    return slot !== undefined && slot.readOnly !== true
  }

  #slotAt(address: number): PlacedSlot | undefined {
    return this.#slots.find(
      (candidate) => address >= candidate.address && address < candidate.address + candidate.bytes,
    )
  }
}

/** A stretch of linear memory in pieces that each lie in one page. */
function* inPages(host: number, bytes: number): Generator<{ readonly host: number; readonly count: number }> {
  const end = host + bytes
  for (let at = host; at < end; ) {
    const count = Math.min(end - at, 4096 - (at & 4095))
    yield { host: at, count }
    at += count
  }
}

function place(slots: readonly MemorySlot[], memoryBase: number): readonly PlacedSlot[] {
  let next = memoryBase
  return slots.map((slot) => {
    const host = slot.offset === undefined ? next : memoryBase + slot.offset
    next = host + slot.bytes
    return { ...slot, host }
  })
}
