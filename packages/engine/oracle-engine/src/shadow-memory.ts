import type { PhysicalMemory } from '@vmm/oracle'
import type { GuestMachine } from '@vmm/wasm-engine'

const pageBytes = 4096

/** A machine's memory a second time, as it was before a slice: the oracle reads and writes it, and the machine's stays. */
export class ShadowMemory implements PhysicalMemory {
  readonly #machine: GuestMachine
  readonly #bytes: Uint8Array
  /** Pages that were written since `begin`, as they were before. */
  readonly #before = new Map<number, Uint8Array>()
  /** Which guest-physical addresses there are. */
  addressSpace: 'ordinary' | 'smm' = 'ordinary'
  #isWhole = false

  constructor(machine: GuestMachine) {
    this.#machine = machine
    this.#bytes = new Uint8Array(this.#real().length)
  }

  /** The memory of a machine is shadowed once, whichever of its processors asks. */
  static of(machine: GuestMachine): ShadowMemory {
    const known = shadows.get(machine)
    if (known !== undefined) return known
    const made = new ShadowMemory(machine)
    shadows.set(machine, made)
    return made
  }

  /** Becomes what the machine's memory is, and begins to keep what is written over. */
  begin(): void {
    const written = this.#machine.takeWritten()
    if (this.#isWhole) for (const page of written) this.#copy(page)
    else
      for (const { bytes } of this.#machine.usedMemory())
        this.#bytes.set(bytes, bytes.byteOffset - this.#real().byteOffset)
    this.#isWhole = true
    this.#before.clear()
  }

  /** The machine's memory has been replaced as a whole. */
  forget(): void {
    this.#isWhole = false
    this.#bytes.fill(0)
  }

  read(address: number): number | undefined {
    const offset = this.#offset(address)
    return offset === undefined ? undefined : this.#bytes[offset]
  }

  write(address: number, byte: number): boolean {
    if (!this.#slots().takesStores(address)) return false
    this.put(this.#offset(address)!, Uint8Array.of(byte))
    return true
  }

  /** Writes at an offset of the machine's memory. */
  put(offset: number, bytes: Uint8Array): void {
    const last = offset + bytes.length - 1
    for (let page = Math.floor(offset / pageBytes); page * pageBytes <= last; page += 1)
      if (!this.#before.has(page)) this.#before.set(page, this.#page(this.#bytes, page).slice())
    this.#bytes.set(bytes, offset)
  }

  /** Pages that were written since `begin`. */
  get written(): readonly number[] {
    return [...this.#before.keys()]
  }

  /** The first byte of a page that is not the machine's: its offset, there and here. */
  difference(page: number): { readonly offset: number; readonly real: number; readonly shadow: number } | undefined {
    const [real, shadow] = [this.#page(this.#real(), page), this.#page(this.#bytes, page)]
    const at = shadow.findIndex((byte, index) => byte !== real[index])
    return at < 0 ? undefined : { offset: page * pageBytes + at, real: real[at]!, shadow: shadow[at]! }
  }

  /** Both memories become what they were at `begin`; the machine's in the pages that are named. */
  rewind(pages: readonly number[]): void {
    for (const [page, bytes] of this.#before) this.#bytes.set(bytes, page * pageBytes)
    for (const page of pages) this.#machine.slots.writeMemory(page * pageBytes, this.#page(this.#bytes, page).slice())
    this.#before.clear()
  }

  /** A page of the machine's memory, as it is now. */
  realPage(page: number): Uint8Array {
    return this.#page(this.#real(), page).slice()
  }

  /** The guest-physical address of an offset, where there is one. */
  addressOf(offset: number): number | undefined {
    return this.#slots().addressOf(this.#real().byteOffset + offset)
  }

  #slots() {
    return this.addressSpace === 'smm' ? this.#machine.smmSlots : this.#machine.slots
  }

  #real(): Uint8Array {
    return this.#machine.slots.memory
  }

  #offset(address: number): number | undefined {
    const found = this.#slots().at(address)
    return found === undefined ? undefined : found.byteOffset - this.#real().byteOffset
  }

  #page(bytes: Uint8Array, page: number): Uint8Array {
    return bytes.subarray(page * pageBytes, (page + 1) * pageBytes)
  }

  #copy(page: number): void {
    this.#bytes.set(this.#page(this.#real(), page), page * pageBytes)
  }
}

const shadows = new WeakMap<GuestMachine, ShadowMemory>()
