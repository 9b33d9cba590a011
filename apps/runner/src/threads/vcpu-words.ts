import { signalBits } from './board-layout.ts'
import type { BoardWords } from './board-words.ts'
import type { ThreadWords } from './thread-words.ts'

/** Words of each vCPU. */
const its = {
  signals: 0,
  startup: 1,
  /** A double: as many as it has retired. */
  retired: 2,
  apic: 4,
  edge: 8,
  level: 16,
} as const
export const wordsOfVcpu = 32

/** What the local APIC of a vCPU tells those that send to it. */
export interface ToldApic {
  readonly enabled: boolean
  readonly softwareEnabled: boolean
  readonly x2apicMode: boolean
  readonly id: number
  readonly logicalId: number
  readonly destinationFormat: number
}

/** Which thread runs a vCPU, and the vCPU's number there. */
interface Whereabouts {
  readonly thread: ThreadWords
  readonly number: number
}

/** The words of one vCPU. */
export class VcpuWords {
  /** The thread that runs it. */
  readonly thread: ThreadWords
  readonly #words: Int32Array
  readonly #base: number
  readonly #number: number
  readonly #retired: Float64Array

  constructor({ buffer, words }: BoardWords, base: number, { thread, number }: Whereabouts) {
    this.thread = thread
    this.#words = words
    this.#base = base
    this.#number = number
    this.#retired = new Float64Array(buffer, (base + its.retired) * 4, 1)
  }

  /** Instructions that it has retired, as its thread last said. */
  get retired(): number {
    return this.#retired[0]!
  }

  set retired(count: number) {
    this.#retired[0] = count
  }

  /** Nothing has come. */
  forget(): void {
    for (const [from, count] of [
      [its.signals, 1],
      [its.edge, 8],
      [its.level, 8],
    ] as const)
      this.#words.fill(0, this.#base + from, this.#base + from + count)
  }

  // -- what comes ------------------------------------------------------------------------------------------------

  post(signal: number): void {
    Atomics.or(this.#words, this.#base + its.signals, signal)
    this.thread.deliver(this.#number)
  }

  postStartup(vector: number): void {
    Atomics.store(this.#words, this.#base + its.startup, vector)
    this.post(signalBits.startup)
  }

  postVector(vector: number, trigger: 'edge' | 'level'): void {
    Atomics.or(this.#words, this.#base + its[trigger] + (vector >>> 5), 1 << (vector & 31))
    this.thread.deliver(this.#number)
  }

  takeSignals(): number {
    return Atomics.exchange(this.#words, this.#base + its.signals, 0)
  }

  get startup(): number {
    return Atomics.load(this.#words, this.#base + its.startup)
  }

  /** Vectors that have come, in no order. */
  *takeVectors(trigger: 'edge' | 'level'): Generator<number> {
    for (let word = 0; word < 8; word += 1) {
      const place = this.#base + its[trigger] + word
      if (Atomics.load(this.#words, place) === 0) continue
      let bits = Atomics.exchange(this.#words, place, 0)
      for (; bits !== 0; bits &= bits - 1) yield word * 32 + 31 - Math.clz32(bits & -bits)
    }
  }

  // -- its APIC --------------------------------------------------------------------------------------------------

  get apic(): ToldApic {
    const word = (index: number) => Atomics.load(this.#words, this.#base + its.apic + index) >>> 0
    const flags = word(0)
    return {
      enabled: (flags & 1) !== 0,
      softwareEnabled: (flags & 2) !== 0,
      x2apicMode: (flags & 4) !== 0,
      id: word(1),
      logicalId: word(2),
      destinationFormat: word(3),
    }
  }

  set apic({ enabled, softwareEnabled, x2apicMode, id, logicalId, destinationFormat }: ToldApic) {
    const flags = (enabled ? 1 : 0) | (softwareEnabled ? 2 : 0) | (x2apicMode ? 4 : 0)
    for (const [index, value] of [flags, id, logicalId, destinationFormat].entries())
      Atomics.store(this.#words, this.#base + its.apic + index, value)
  }
}
