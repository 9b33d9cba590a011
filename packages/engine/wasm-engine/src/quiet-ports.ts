import { at, quietPorts } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** No port has this number. */
const none = 0xffff_ffff

/** Ports of which emitted code knows that a byte written to them goes nowhere, and that nobody hears of it. */
export class QuietPorts {
  readonly #state: StateView
  #holds = true

  constructor(state: StateView) {
    this.#state = state
    this.forget()
  }

  /** A byte written to a port goes nowhere, until `forget`, or until something is written to any device. */
  keep(port: number): void {
    this.#holds = true
    this.#state.setWord(at.quietPorts + (port % quietPorts) * 4, port)
  }

  /** Somebody may hear of any port now. */
  forget(): void {
    if (!this.#holds) return
    this.#holds = false
    for (let index = 0; index < quietPorts; index += 1) this.#state.setWord(at.quietPorts + index * 4, none)
  }

  /** How often such a port was written to since the last look. */
  takeWritten(): number {
    const written = this.#state.word(at.quietlyWritten)
    if (written !== 0) this.#state.setWord(at.quietlyWritten, 0)
    return written
  }
}
