import { dirtyGfnFlags, kvmDirtyGfn } from '@vmm/kvm-uapi'
import { ringSoftFull } from '../rules/logged-pages/soft-full.behaviour.ts'

const [{ does: softFull }] = ringSoftFull.versions
const { DIRTY, RESET } = dirtyGfnFlags.value
const { size: entryBytes, offset: inEntry } = kvmDirtyGfn

/** An entry that user space has collected. */
export interface Collected {
  /** The slot in the low half, the address space in the high one. */
  readonly slot: number
  readonly page: bigint
}

/** The ring of a vCPU: pages that were written and that user space has not collected. Its bytes are what user space maps. */
export class DirtyRing {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #entries: number
  readonly #softLimit: number
  /** Both only grow; what is between them is in use. */
  #written = 0
  #reset = 0

  /** A ring of so many bytes, of which some are kept back. */
  constructor(bytes: number, reserved: number) {
    this.bytes = new Uint8Array(bytes)
    this.#view = new DataView(this.bytes.buffer)
    this.#entries = bytes / entryBytes
    this.#softLimit = (bytes - reserved) / entryBytes
  }

  /** Whether user space must collect before the vCPU goes on. */
  get isSoftFull(): boolean {
    return softFull({ used: this.#written - this.#reset, limit: this.#softLimit })
  }

  push(slot: number, page: number): void {
    const at = this.#at(this.#written)
    this.#view.setUint32(at + inEntry.slot, slot, true)
    this.#view.setBigUint64(at + inEntry.offset, BigInt(page), true)
    this.#view.setUint32(at + inEntry.flags, DIRTY, true)
    this.#written += 1
  }

  /** Takes back the entries that user space has marked, oldest first, up to one that it has not. */
  collected(): readonly Collected[] {
    const collected: Collected[] = []
    for (let at = this.#at(this.#reset); this.#isMarked(at); at = this.#at(this.#reset)) {
      const page = this.#view.getBigUint64(at + inEntry.offset, true)
      collected.push({ slot: this.#view.getUint32(at + inEntry.slot, true), page })
      this.#view.setUint32(at + inEntry.flags, 0, true)
      this.#reset += 1
    }
    return collected
  }

  #isMarked(at: number): boolean {
    return (this.#view.getUint32(at + inEntry.flags, true) & RESET) !== 0
  }

  #at(index: number): number {
    return (index % this.#entries) * entryBytes
  }
}
