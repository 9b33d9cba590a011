import { type Vmcs12Field, type Vmcs12Reader, vmcs12Places, vmcsRegionBytes } from './vmcs12.ts'
import { vmcs12Fields, vmcs12Head } from './vmcs12-fields.rows.ts'

/** A field of at most 32 bits, by its width and offset; wide ones are read as `bigint`. */
const bytesOf = Object.fromEntries(vmcs12Places.map(({ field, bytes }) => [field, bytes])) as Readonly<
  Record<Vmcs12Field, 2 | 4 | 8>
>

/**
 * The current VMCS as a processor keeps it: its bytes, read and written in place. A region in guest memory is loaded into
 * it, and takes its bytes when another becomes current.
 */
export class LiveVmcs12 {
  readonly bytes: Uint8Array = new Uint8Array(vmcsRegionBytes)
  /** By offset, for tables that know theirs. Little endian. */
  readonly view: DataView = new DataView(this.bytes.buffer)

  /** Any field. */
  readonly read: Vmcs12Reader = (field) => {
    const offset = vmcs12Fields[field]
    const bytes = bytesOf[field]
    return bytes === 8 ? this.view.getBigUint64(offset, true) : BigInt(this.#narrow(offset, bytes))
  }

  /** A field of 16 or 32 bits; of a wider one its low half. */
  word(field: Vmcs12Field): number {
    return this.#narrow(vmcs12Fields[field], bytesOf[field])
  }

  /** Writes what fits of a value. */
  write(field: Vmcs12Field, value: bigint): void {
    const offset = vmcs12Fields[field]
    const bytes = bytesOf[field]
    if (bytes === 8) this.view.setBigUint64(offset, value, true)
    else this.setWord(field, Number(BigInt.asUintN(32, value)))
  }

  /** The same for a number; a wide field gets zeros above. */
  setWord(field: Vmcs12Field, value: number): void {
    const offset = vmcs12Fields[field]
    const bytes = bytesOf[field]
    if (bytes === 2) this.view.setUint16(offset, value, true)
    else this.view.setUint32(offset, value, true)
    if (bytes === 8) this.view.setUint32(offset + 4, 0, true)
  }

  /** Takes a region whole; what it lacks is 0. */
  load(region: Uint8Array): void {
    this.bytes.fill(0)
    this.bytes.set(region.subarray(0, vmcsRegionBytes))
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

  #narrow(offset: number, bytes: number): number {
    return bytes === 2 ? this.view.getUint16(offset, true) : this.view.getUint32(offset, true)
  }
}
