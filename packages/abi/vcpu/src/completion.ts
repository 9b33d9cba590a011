import type { Engine } from './engine-port.ts'
import type { FailedEmulation, HypercallExit, IoExit, MmioExit, MsrExit, VcpuExit } from './exit.ts'

/** An exit that user space must see to before its instruction is over. */
type Asked = IoExit | MmioExit | HypercallExit | MsrExit

/** What user space says of an access to an MSR that it was asked about: with an error, it is #GP(0). */
export interface MsrReply {
  readonly error: boolean
  /** What RDMSR reads. */
  readonly data: bigint
}

/** KVM reads this much ahead for REP INS, and not beyond the page. Source: arch/x86/kvm/emulate.c pio_in_emulated. */
const readAheadBytes = 1024

/**
 * Accesses that nobody in this process answers. One that reads stops its instruction before it has done anything; once
 * user space has answered, the instruction runs again and finds the answers in the order it asks. Stores to memory that
 * is not there are queued, and user space sees them one by one after their instruction.
 */
export class Completion {
  #answers: bigint[] = []
  #used = 0
  #asked: Asked | undefined
  #stores: (MmioExit | IoExit)[] = []
  #prevented: VcpuExit | undefined
  #failed: FailedEmulation | undefined
  /** Where the instruction is that asks, as a linear address, and how long it is. */
  #place = 0n
  #bytes = 0
  /** With an answer it is over, and no part of it is left to run. */
  #onlyAsks = false

  /** Whether an instruction waits to run again. */
  get unfinished(): boolean {
    return this.#asked !== undefined || this.#answers.length > 0
  }

  /** The exit that `run` gave and that has no answer yet. */
  get asked(): Asked | undefined {
    return this.#asked
  }

  /** The bytes on a port, or undefined after noting that user space must be asked. */
  portIn(port: number, size: 1 | 2 | 4, count: number): number | undefined {
    const known = this.#next()
    if (known !== undefined) return Number(known)
    return this.#ask({ kind: 'io', direction: 'in', port, size, count, data: new Uint8Array(size * count) })
  }

  /** Whether user space has taken it already. */
  portOut(port: number, size: 1 | 2 | 4, value: number, by: 'OUT' | 'OUTS'): boolean {
    if (this.#next() !== undefined) return true
    this.#ask({ kind: 'io', direction: 'out', port, size, count: 1, data: lowBytesOf(value, size) }, by === 'OUT')
    return false
  }

  /** User space is to be told of it behind its instruction. */
  portWritten(port: number, size: 1 | 2 | 4, value: number): void {
    this.#stores.push({ kind: 'io', direction: 'out', port, size, count: 1, data: lowBytesOf(value, size) })
  }

  /** An instruction is to be taken from where no memory is: nobody is asked for it. */
  fetch(address: number): undefined {
    this.fail({ address, access: 'fetch', code: new Uint8Array(0) })
  }

  /** An instruction would have to be emulated, and cannot. */
  fail(failed: FailedEmulation): void {
    this.#failed = failed
  }

  /** Which that was: told once. */
  takeFailed(): FailedEmulation | undefined {
    const failed = this.#failed
    this.#failed = undefined
    return failed
  }

  read(address: number, size: number): bigint | undefined {
    const known = this.#next()
    if (known !== undefined) return known
    return this.#ask({ kind: 'mmio', direction: 'read', address, size, data: new Uint8Array(size) })
  }

  write(address: number, size: number, value: bigint): void {
    this.#stores.push({ kind: 'mmio', direction: 'write', address, size, data: bytesOf(value, size) })
  }

  /** What the hypercall gives, or undefined after noting that user space must be asked. */
  hypercall(call: Omit<HypercallExit, 'kind'>): bigint | undefined {
    return this.#next() ?? this.#ask({ kind: 'hypercall', ...call })
  }

  /** Something that user space must see to keeps the guest from going on. */
  prevent(exit: VcpuExit): void {
    this.#prevented = exit
  }

  /** What keeps the guest from going on: told once. */
  takePrevented(): VcpuExit | undefined {
    const exit = this.#prevented
    this.#prevented = undefined
    return exit
  }

  /** What user space says of an access to an MSR: an error, or not, and what is read. */
  msrReply(): MsrReply | undefined {
    const error = this.#next()
    const data = this.#next()
    return error === undefined || data === undefined ? undefined : { error: error !== 0n, data }
  }

  /** Notes that user space must be asked about an access to an MSR. */
  msr(asked: MsrExit): void {
    this.#ask(asked)
  }

  /** The next store that user space has not seen. */
  takeStore(): MmioExit | IoExit | undefined {
    return this.#stores.length === 0 ? undefined : this.#stores.shift()
  }

  /** The instruction stopped to ask: what it stored before that, it will store again. */
  stopped({ linearRip, executingBytes }: Pick<Engine, 'linearRip' | 'executingBytes'>): Asked | undefined {
    this.#place = linearRip
    this.#bytes = executingBytes
    if (this.#stores.length > 0) this.#stores = []
    this.#used = 0
    return this.#asked
  }

  /** User space may have sent the processor elsewhere; then nobody waits for an answer. Source: arch/x86/kvm/x86.c complete_fast_pio_in. */
  forgetUnlessAt(place: bigint): void {
    if (this.unfinished && place !== this.#place) this.clear()
  }

  /** How long the instruction is, if it has only asked: what user space has seen is done. Otherwise 0. */
  get bytesOver(): number {
    return this.#asked !== undefined && this.#onlyAsks ? this.#bytes : 0
  }

  /** Gives the instruction the answer it waits for. */
  answer(values: readonly bigint[]): void {
    this.#asked = undefined
    this.#answers.push(...values)
  }

  /** An instruction is over: the answers it has used are gone. False if it used none. */
  finished(): boolean {
    const used = this.#used
    if (used === 0) return false
    if (used === this.#answers.length) this.#answers = []
    else this.#answers.splice(0, used)
    this.#used = 0
    return true
  }

  /** Forgets everything: the state of the vCPU was set from outside. */
  clear(): void {
    if (this.#answers.length > 0) this.#answers = []
    this.#used = 0
    this.#asked = undefined
    if (this.#stores.length > 0) this.#stores = []
    this.#prevented = undefined
    this.#failed = undefined
  }

  #ask(asked: Asked, only = false): undefined {
    this.#asked = asked
    this.#onlyAsks = only
  }

  #next(): bigint | undefined {
    if (this.#used >= this.#answers.length) return undefined
    return this.#answers[this.#used++]
  }
}

/** How many values of a REP INS are asked for at once: as far as the page goes that they are stored to. */
export function readAhead(count: number, size: number, destination: bigint, backward: boolean): number {
  if (count <= 1) return 1
  const inPage = Number(destination & 0xfffn)
  const room = Math.floor((backward ? inPage : 4096 - inPage) / size)
  return Math.max(1, Math.min(count, room, readAheadBytes / size))
}

/** Bytes as values of `size` each, little endian. */
export function valuesOf(data: Uint8Array, size: number): readonly bigint[] {
  return Array.from({ length: data.length / size }, (_, index) =>
    data.subarray(index * size, (index + 1) * size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
  )
}

function bytesOf(value: bigint, size: number): Uint8Array {
  const bytes = lowBytesOf(Number(BigInt.asUintN(32, value)), size)
  if (size > 4) bytes.set(lowBytesOf(Number(BigInt.asUintN(32, value >> 32n)), size - 4), 4)
  return bytes
}

/** Up to four of them. */
function lowBytesOf(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  bytes[0] = value
  for (let at = 1; at < size && at < 4; at += 1) bytes[at] = value >>> (8 * at)
  return bytes
}
