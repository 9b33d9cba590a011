import { rflags, type StateField, type StateMemory, stateFields } from '@vmm/x86-registers'
import { arithmeticMask } from './arithmetic-flags.ts'
import type { MemoryMap } from './memory-map.ts'
import { resumes } from './mode-word.ts'
import { noRegion } from './runtime.ts'
import { at, besideBytes, blockHeadBytes, inBlock, inRecord } from './state-layout.ts'

const interruptFlag = 1 << rflags.IF.low
const resumeFlag = 1n << BigInt(rflags.RF.low)

/** Where each architectural field is, and its bits: a map is read several times as fast as a record is by names that vary. */
const places = new Map(
  (Object.keys(stateFields) as StateField[]).map((field) => [field, { offset: at[field], bits: stateFields[field] }]),
)

function placeOf(field: StateField) {
  const place = places.get(field)
  if (place === undefined) throw new TypeError(`${field} is no field of a processor's state`)
  return place
}

const pageMask = 0xfff
/** The longest instruction. Source: SDM 2A §2.3.11. */
const longest = 15

/** One vCPU block of linear memory as TypeScript reads and writes it. Offsets are those of `vcpuLayout`. */
export class StateView {
  readonly #cpu: number
  readonly #view: DataView
  readonly #bytes: Uint8Array

  constructor(cpu: number, buffer: SharedArrayBuffer) {
    this.#cpu = cpu
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
  }

  /** An unsigned word of the interpreter's own. */
  word(offset: number): number {
    return this.#view.getUint32(this.#cpu + offset, true)
  }

  /** Which thread's processor it is, and where that one has what is its own. */
  takeArea({ shared }: MemoryMap): void {
    this.setLong(at.otherCoders, ~(1n << BigInt(shared?.index ?? 0)))
    this.setWord(at.area, shared?.area ?? 0)
  }

  setWord(offset: number, value: number): void {
    this.#view.setUint32(this.#cpu + offset, value, true)
  }

  setShort(offset: number, value: number): void {
    this.#view.setUint16(this.#cpu + offset, value, true)
  }

  long(offset: number): bigint {
    return this.#view.getBigUint64(this.#cpu + offset, true)
  }

  setLong(offset: number, value: bigint): void {
    this.#view.setBigUint64(this.#cpu + offset, BigInt.asUintN(64, value), true)
  }

  /** The same by an address in linear memory: of what lies behind the state. */
  wordAt(address: number): number {
    return this.#view.getUint32(address, true)
  }

  longAt(address: number): bigint {
    return this.#view.getBigUint64(address, true)
  }

  /** What is the same in the passing block whatever it holds. */
  beginPassing(): void {
    this.setWord(at.passing + inBlock.count, 1)
    this.setWord(at.passing + inBlock.region, noRegion)
  }

  /** Whether what was not found at a host address is an instruction whose head is not known, and nobody was told yet. */
  takesUnknownHead(host: number): boolean {
    const isUnknown = this.word(at.unknownHead) === host
    if (isUnknown) this.setWord(at.unknownHead, 0)
    return isUnknown
  }

  /** A number from 0 to 2^53 as 64 bits. */
  setCount(offset: number, value: number): void {
    this.setWord(offset, value)
    this.setWord(offset + 4, Math.floor(value / 2 ** 32))
  }

  /** Whether 64 bits hold a number below 2^53, and not all ones: to be asked where the number takes longer. */
  mayHold(offset: number): boolean {
    return this.#view.getInt32(this.#cpu + offset + 4, true) >= 0
  }

  /** Whether 64 bits hold a number below 2^53. */
  holds(offset: number, value: number): boolean {
    const low = this.#view.getUint32(this.#cpu + offset, true)
    return low + this.#view.getUint32(this.#cpu + offset + 4, true) * 2 ** 32 === value
  }

  /** Instructions left of the slice; may be negative for a moment. */
  get budget(): number {
    return this.#view.getInt32(this.#cpu + at.budget, true)
  }

  set budget(value: number) {
    this.#view.setInt32(this.#cpu + at.budget, value, true)
  }

  get(field: StateField): bigint {
    const place = placeOf(field)
    const offset = this.#cpu + place.offset
    switch (place.bits) {
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

  set(field: StateField, value: bigint): void {
    const place = placeOf(field)
    const offset = this.#cpu + place.offset
    switch (place.bits) {
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

  /** The lower 32 bits of a field. */
  low(field: StateField): number {
    const place = placeOf(field)
    const offset = this.#cpu + place.offset
    if (place.bits === 8) return this.#view.getUint8(offset)
    return place.bits === 16 ? this.#view.getUint16(offset, true) : this.#view.getUint32(offset, true)
  }

  /** A field becomes a number of at most 32 bits. */
  setLow(field: StateField, value: number): void {
    const place = placeOf(field)
    const offset = this.#cpu + place.offset
    if (place.bits === 8) return this.#view.setUint8(offset, value)
    if (place.bits === 16) return this.#view.setUint16(offset, value, true)
    this.#view.setUint32(offset, value, true)
    if (place.bits === 64) this.#view.setUint32(offset + 4, 0, true)
  }

  /** Where the fields are, with who compiles moves of them. */
  memory(compile: NonNullable<StateMemory['compile']>): StateMemory {
    const cpu = this.#cpu
    return {
      ...{ buffer: this.#view.buffer, made: [], compile, beside: { offset: cpu + at.beside, bytes: besideBytes } },
      offset: (field) => cpu + placeOf(field).offset,
      gprOffset: (index) => cpu + at.gpr + index * 8,
    }
  }

  /** The 64 bytes of a vector register. */
  vector(index: number): Uint8Array {
    const start = this.#cpu + at.vector + index * 64
    return this.#bytes.subarray(start, start + 64)
  }

  /** An x87 register by physical number: eight bytes of significand, two of sign and exponent. */
  x87(physical: number): Uint8Array {
    const start = this.#cpu + at.x87 + physical * 16
    return this.#bytes.subarray(start, start + 10)
  }

  /** Notes an exception for whoever turns a status into an event. */
  noteFault(vector: number, errorCode: number | undefined): void {
    this.setWord(at.faultVector, vector)
    this.setWord(at.faultCode, errorCode ?? 0)
    this.setWord(at.faultHasCode, errorCode === undefined ? 0 : 1)
  }

  /** The exception that was noted last. */
  notedFault(): { readonly vector: number; readonly errorCode: number | undefined } {
    const errorCode = this.word(at.faultHasCode) === 0 ? undefined : this.word(at.faultCode)
    return { vector: this.word(at.faultVector), errorCode }
  }

  /** Exceptions that emitted code has delivered since the last look. */
  takeDelivered(): number {
    const delivered = this.word(at.delivered)
    if (delivered !== 0) this.setWord(at.delivered, 0)
    return delivered
  }

  /** Whether a fault is one of another task than its instruction began in, since the last look. */
  takeMoved(): boolean {
    const moved = this.word(at.moved) !== 0
    if (moved) this.setWord(at.moved, 0)
    return moved
  }

  /** The instruction that called out, and the one behind it. */
  executing(): { readonly rip: bigint; readonly next: bigint } {
    return { rip: this.#inBlock(inRecord.offset), next: this.#inBlock(inRecord.next) }
  }

  /** How long that instruction is. */
  get executingBytes(): number {
    const record = this.word(at.record)
    return this.#view.getUint16(record + inRecord.next, true) - this.#view.getUint16(record + inRecord.offset, true)
  }

  /** RIP is again where that instruction is: it did not happen. */
  goBack(): void {
    const low = this.word(at.blockRip) + this.#view.getUint16(this.word(at.record) + inRecord.offset, true)
    this.#setRip(low, at.blockRip)
  }

  /** RIP is behind it: it is over. */
  goBehind(): void {
    const low = this.word(at.blockRip) + this.#view.getUint16(this.word(at.record) + inRecord.next, true)
    this.#setRip(low, at.blockRip)
    this.resumed(this.word(at.mode))
  }

  /** No block is under execution: nothing of what was paid for waits to be run. */
  standOutside(): void {
    this.setWord(at.stepBlock + inBlock.count, 0)
    this.#view.setUint8(this.#cpu + at.stepBlock + blockHeadBytes + inRecord.index, 0)
    this.setWord(at.block, this.#cpu + at.stepBlock)
    this.setWord(at.record, this.#cpu + at.stepBlock + blockHeadBytes)
  }

  /** RIP is behind an instruction that is over without having been executed. */
  skip(bytes: number): void {
    this.#setRip(this.word(at.RIP) + bytes, at.RIP)
    this.resumed(this.word(at.mode))
  }

  /** RFLAGS whole, of which those of arithmetic are kept apart. Through memory: V8 makes a number of a big integer by a call of its runtime. */
  setFlags(value: bigint): void {
    this.setLong(at.RFLAGS, value)
    const low = this.word(at.RFLAGS)
    this.setWord(at.flags, low & arithmeticMask)
    this.setWord(at.lazyClass, 0)
    this.setWord(at.RFLAGS, (low & ~arithmeticMask) | 2)
  }

  /** RFLAGS whole again, with what those of arithmetic are now. User space may have set bits of the upper half, which is reserved. */
  flagsWith(arithmetic: number): bigint {
    const low = BigInt((this.word(at.RFLAGS) | arithmetic | 2) >>> 0)
    const high = this.word(at.RFLAGS + 4)
    return high === 0 ? low : low | (BigInt(high) << 32n)
  }

  /** RFLAGS.IF. */
  get interruptFlag(): boolean {
    return (this.word(at.RFLAGS) & interruptFlag) !== 0
  }

  /** Where RIP points, as a linear address. */
  get linearRip(): bigint {
    return BigInt.asUintN(64, (this.long(at.RIP) + this.long(at.codeBase)) & this.long(at.codeMask))
  }

  /** An instruction is complete that RF may have been for, if the mode that it ran in says so. */
  resumed(mode: number): void {
    if ((mode & resumes) === 0) return
    this.setLong(at.RFLAGS, this.long(at.RFLAGS) & ~resumeFlag)
    this.setWord(at.mode, this.word(at.mode) & ~resumes)
  }

  /** The bytes of the instruction that called out, and what follows in its page: no more than an instruction may have. */
  executingCode(): Uint8Array {
    const host = this.#view.getUint32(this.word(at.block) + inBlock.host, true)
    const from = host + this.#view.getUint16(this.word(at.record) + inRecord.offset, true)
    return this.#bytes.subarray(from, Math.min(from + longest, (from | pageMask) + 1))
  }

  /** RIP has this lower word, which may be one bit longer, and the upper one of a place; as far as code reaches. */
  #setRip(low: number, above: number): void {
    const carry = low < 2 ** 32 ? 0 : 1
    this.setWord(at.RIP, low & this.word(at.codeMask))
    this.setWord(at.RIP + 4, (this.word(above + 4) + carry) & this.word(at.codeMask + 4))
  }

  #inBlock(field: number): bigint {
    const distance = BigInt(this.#view.getUint16(this.word(at.record) + field, true))
    return (this.long(at.blockRip) + distance) & this.long(at.codeMask)
  }
}
