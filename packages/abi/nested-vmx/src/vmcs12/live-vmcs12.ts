import type { StateMemory } from '@vmm/x86-registers'
import { type LiveField, type LivePlace, type LiveReader, livePlaces, type PlaceReader } from './live-places.ts'
import { vmcsRegionBytes } from './vmcs12.ts'
import { vmcs12Head } from './vmcs12-fields.rows.ts'

/** By name; what is read often is read by its place, or by its offset. */
const places = new Map(livePlaces.map((place) => [place.field, place]))

const placeOf = (field: LiveField): LivePlace => places.get(field)!

/**
 * The current VMCS as a processor keeps it: its bytes, read and written in place. A region in guest memory is loaded into
 * it, and takes its bytes when another becomes current.
 */
export class LiveVmcs12 {
  bytes: Uint8Array = new Uint8Array(vmcsRegionBytes)
  /** By offset, for tables that know theirs. Little endian. */
  view: DataView = new DataView(this.bytes.buffer)
  #memory: StateMemory | undefined

  /** Any field. */
  readonly read: LiveReader = (field) => this.readPlace(placeOf(field))

  /** The same of a field whose place is known. */
  readonly readPlace: PlaceReader = ({ offset, bytes }) =>
    bytes === 8 ? this.view.getBigUint64(offset, true) : BigInt(this.#narrow(offset, bytes))

  /** Writes what fits of a value there. */
  writePlace({ offset, bytes }: LivePlace, value: bigint): void {
    if (bytes === 8) this.view.setBigUint64(offset, value, true)
    else this.#setNarrow(offset, bytes, Number(BigInt.asUintN(32, value)))
  }

  /** A field of 16 or 32 bits; of a wider one its low half. */
  word(field: LiveField): number {
    const { offset, bytes } = placeOf(field)
    return this.#narrow(offset, bytes)
  }

  /** Writes what fits of a value. */
  write(field: LiveField, value: bigint): void {
    this.writePlace(placeOf(field), value)
  }

  /** The same for a number; a wide field gets zeros above. */
  setWord(field: LiveField, value: number): void {
    const { offset, bytes } = placeOf(field)
    this.#setNarrow(offset, bytes, value)
    if (bytes === 8) this.view.setUint32(offset + 4, 0, true)
  }

  /** A field of 16 bits by its offset, a constant of `vmcs12Offsets`. */
  halfAt(offset: number): number {
    return this.view.getUint16(offset, true)
  }

  /** It becomes a number. */
  setHalfAt(offset: number, value: number): void {
    this.view.setUint16(offset, value, true)
  }

  /** A field of 32 bits by its offset, a constant of `vmcs12Offsets`: what transitions look at. */
  wordAt(offset: number): number {
    return this.view.getUint32(offset, true)
  }

  /** It becomes a number. */
  setWordAt(offset: number, value: number): void {
    this.view.setUint32(offset, value, true)
  }

  /** The same of a field of 64 bits. */
  wideAt(offset: number): bigint {
    return this.view.getBigUint64(offset, true)
  }

  setWideAt(offset: number, value: bigint): void {
    this.view.setBigUint64(offset, value, true)
  }

  /** Takes a region whole; what it lacks is 0. */
  load(region: Uint8Array): void {
    this.bytes.fill(0)
    this.bytes.set(region.subarray(0, vmcsRegionBytes))
  }

  /** From now on its bytes are beside a processor's state, where moves between both are machine code. */
  moveBeside(memory: StateMemory | undefined): void {
    if (memory?.beside === undefined || memory.compile === undefined || memory.beside.bytes < vmcsRegionBytes) return
    const { buffer, beside } = memory
    const bytes = new Uint8Array(buffer, beside.offset, vmcsRegionBytes)
    bytes.set(this.bytes)
    this.#memory = memory
    this.bytes = bytes
    this.view = new DataView(buffer, beside.offset, vmcsRegionBytes)
  }

  /** Whether its bytes are there. */
  isBeside(memory: StateMemory | undefined): memory is StateMemory {
    return memory !== undefined && memory === this.#memory
  }

  get revision(): number {
    return this.view.getUint32(vmcs12Head.REVISION, true)
  }

  /** What VMLAUNCH and VMRESUME look at. */
  get launched(): boolean {
    return this.view.getUint32(vmcs12Head.LAUNCH_STATE, true) !== 0
  }

  set launched(launched: boolean) {
    this.view.setUint32(vmcs12Head.LAUNCH_STATE, launched ? 1 : 0, true)
  }

  #setNarrow(offset: number, bytes: number, value: number): void {
    if (bytes === 2) this.view.setUint16(offset, value, true)
    else this.view.setUint32(offset, value, true)
  }

  #narrow(offset: number, bytes: number): number {
    return bytes === 2 ? this.view.getUint16(offset, true) : this.view.getUint32(offset, true)
  }
}
