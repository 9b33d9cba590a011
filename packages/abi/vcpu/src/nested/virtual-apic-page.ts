import { bytesAt, type VmxState } from '@vmm/nested-vmx'
import type { VmxParts } from './vmx-parts.ts'

const wordBytes = 4
/** Words of a register of 256 bits, and how far each is from the next. */
const [words, betweenWords] = [8, 16]

/**
 * The virtual-APIC page of the current VMCS, in the memory of L1. Where there is none it is zero.
 *
 * Source: SDM 3C 30.1 Virtual APIC State.
 */
export class VirtualApicPage {
  readonly #parts: VmxParts
  readonly #state: VmxState

  constructor(parts: VmxParts, state: VmxState) {
    this.#parts = parts
    this.#state = state
  }

  /** So many bytes, at most eight, from an offset on. */
  read(offset: number, bytes: number): bigint {
    const found = bytesAt(this.#parts.engine(), this.#address() + BigInt(offset), bytes)
    return found === undefined ? 0n : found.reduceRight((all, byte) => (all << 8n) | BigInt(byte), 0n)
  }

  write(offset: number, bytes: number, value: bigint): void {
    const written = Uint8Array.from({ length: bytes }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn))
    this.#parts.engine().writePhysical(Number(this.#address()) + offset, written)
  }

  word(offset: number): number {
    return Number(this.read(offset, wordBytes))
  }

  setWord(offset: number, value: number): void {
    this.write(offset, wordBytes, BigInt(value >>> 0))
  }

  /** One bit of a register of 256 bits. */
  setVector(register: number, vector: number, isSet: boolean): void {
    const [place, bit] = [register + (vector >>> 5) * betweenWords, 1 << (vector & 31)]
    const before = this.word(place)
    this.setWord(place, isSet ? before | bit : before & ~bit)
  }

  /** Sets 32 bits of such a register, by their number. */
  addVectors(register: number, number: number, vectors: number): void {
    const place = register + number * betweenWords
    this.setWord(place, this.word(place) | vectors)
  }

  /** The highest bit that is set in such a register; 0 where none is. */
  highest(register: number): number {
    for (let number = words - 1; number >= 0; number -= 1) {
      const word = this.word(register + number * betweenWords)
      if (word !== 0) return number * 32 + 31 - Math.clz32(word)
    }
    return 0
  }

  #address(): bigint {
    return this.#state.vmcs.read('VIRTUAL_APIC_PAGE_ADDR')
  }
}
