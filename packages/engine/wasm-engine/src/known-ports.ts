import { at, inKnownByte, knownByteBytes, knownBytes, quietPorts } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** No guest runs so long. */
const longest = Number.MAX_SAFE_INTEGER
/** No port has this number. */
const none = 0xffff_ffff

/**
 * Ports of which emitted code knows that a byte written to them goes nowhere, and that nobody hears of it; and those that it knows what
 * is read from, for a while.
 */
export class KnownPorts {
  readonly #state: StateView
  readonly #retired: () => number
  #holds = true

  /** `retired`: instructions so far. */
  constructor(state: StateView, retired: () => number) {
    this.#state = state
    this.#retired = retired
    this.forget()
  }

  /** A byte written to a port goes nowhere, until `forget`, or until something is written to any device. */
  keep(port: number): void {
    this.#holds = true
    this.#state.setWord(at.quietPorts + (port % quietPorts) * 4, port)
  }

  /** So many instructions from now on a byte that IN reads from a port is this one, until `forget`, or as long. */
  keepByte(port: number, value: number, instructions: number): void {
    this.#holds = true
    const place = placeOfByte(port)
    this.#state.setWord(place + inKnownByte.port, port)
    this.#state.setWord(place + inKnownByte.value, value)
    this.#state.setCount(place + inKnownByte.until, Math.min(this.#retired() + Math.ceil(instructions), longest))
  }

  /** Somebody may hear of any port now, and answer otherwise. */
  forget(): void {
    if (!this.#holds) return
    this.#holds = false
    for (let index = 0; index < quietPorts; index += 1) this.#state.setWord(at.quietPorts + index * 4, none)
    for (let index = 0; index < knownBytes; index += 1) this.#state.setWord(placeOfByte(index) + inKnownByte.port, none)
  }

  /** How often such ports were written to and read from since the last look. */
  takeAccesses(): number {
    const accesses = this.#state.word(at.portAccesses)
    if (accesses !== 0) this.#state.setWord(at.portAccesses, 0)
    return accesses
  }
}

const placeOfByte = (port: number): number => at.knownBytes + (port % knownBytes) * knownByteBytes
