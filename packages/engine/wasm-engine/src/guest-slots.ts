import { type MemoryMap, slotBytes, slotField, slotReadOnly } from './memory-map.ts'

/** A piece of guest-physical memory. */
export interface MemorySlot {
  readonly address: number
  readonly bytes: number
  readonly readOnly?: boolean
}

/** Guest memory by physical address: the slots that the walk and the slow paths look in. */
export class GuestSlots {
  readonly #slots: readonly (MemorySlot & { readonly host: number })[]
  readonly #bytes: Uint8Array

  /** Writes the table of slots; their memory lies one after another. */
  constructor(map: MemoryMap, buffer: SharedArrayBuffer, slots: readonly MemorySlot[]) {
    this.#bytes = new Uint8Array(buffer)
    const view = new DataView(buffer)
    let host = map.memoryBase
    this.#slots = slots.map((slot, index) => {
      const entry = map.slots + index * slotBytes
      view.setBigUint64(entry + slotField.gpa, BigInt(slot.address), true)
      view.setBigUint64(entry + slotField.bytes, BigInt(slot.bytes), true)
      view.setUint32(entry + slotField.host, host, true)
      view.setUint32(entry + slotField.flags, slot.readOnly === true ? slotReadOnly : 0, true)
      const placed = { ...slot, host }
      host += slot.bytes
      return placed
    })
    view.setUint32(map.slots - 8, slots.length, true)
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
    const slot = this.#slots.find(
      (candidate) => address >= candidate.address && address < candidate.address + candidate.bytes,
    )
    return slot === undefined
      ? undefined
      : this.#bytes.subarray(slot.host + address - slot.address, slot.host + slot.bytes)
  }
}

/** A stretch of linear memory in pieces that each lie in one page. */
export function* inPages(host: number, bytes: number): Generator<{ readonly host: number; readonly count: number }> {
  const end = host + bytes
  for (let at = host; at < end; ) {
    const count = Math.min(end - at, 4096 - (at & 4095))
    yield { host: at, count }
    at += count
  }
}
