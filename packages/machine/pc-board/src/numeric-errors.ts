import { type Device, type InterruptLine, likeSaved, type PortRange, type Saved } from '@vmm/device'

export interface NumericErrorsOptions {
  readonly irq13: InterruptLine
  /** Whether an interrupt controller lets line 13 through. */
  readonly isHeard: () => boolean
  /** IGNNE# is asserted: processors go on in spite of the error. */
  readonly onIgnore: () => void
}

/**
 * How a PC is told of x87 errors where CR0.NE is clear: FERR# raises line 13, and a write to port F0H lowers it and lets the
 * processor go on. A guest that masks the line gets what every guest gets of KVM, whose processors have CR0.NE set: an exception.
 * Source: SDM 1 §8.7.2; ICH9 data sheet §13.7.3 "COPROC_ERR".
 */
export class NumericErrors implements Device {
  readonly name = 'numeric-errors'
  readonly ports: readonly PortRange[]
  readonly #options: NumericErrorsOptions
  #state = { raised: false }

  constructor(options: NumericErrorsOptions) {
    this.#options = options
    this.ports = [{ first: 0xf0, count: 1, widest: 1, read: () => 0xff, write: () => this.#acknowledge() }]
  }

  /** FERR# is asserted. False, and nothing happens, where nobody would be interrupted. */
  raise(): boolean {
    const heard = this.#options.isHeard()
    if (heard) this.#drive(true)
    return heard
  }

  reset(): void {
    this.#drive(false)
  }

  save(): Saved {
    return { ...this.#state }
  }

  restore(saved: Saved): void {
    this.#state = likeSaved(this.name, this.#state, saved)
  }

  #acknowledge(): void {
    if (!this.#state.raised) return
    this.#drive(false)
    this.#options.onIgnore()
  }

  #drive(level: boolean): void {
    this.#state = { raised: level }
    this.#options.irq13(level)
  }
}
