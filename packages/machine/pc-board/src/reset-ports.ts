import { type Device, likeSaved, type PortRange, type Saved } from '@vmm/device'
import type { OnMachineEvent } from './machine-event.ts'

export interface ResetPortsOptions {
  readonly onEvent: OnMachineEvent
  /** Whether address line 20 passes. It does after reset. */
  readonly onA20: (passes: boolean) => void
}

const powerOn = { control: 0, reset: 0, a20: true }

/**
 * Port 92H (fast A20 and reset) and port CF9H (reset control).
 * Source: ICH9 data sheet §13.7.4 "PORT92" and §13.7.5 "RST_CNT".
 */
export class ResetPorts implements Device {
  readonly name = 'reset-ports'
  readonly ports: readonly PortRange[]
  readonly #options: ResetPortsOptions
  #state = { ...powerOn }

  constructor(options: ResetPortsOptions) {
    this.#options = options
    this.ports = [
      { first: 0x92, count: 1, widest: 1, read: () => this.#read92(), write: (_, __, byte) => this.#write92(byte) },
      {
        first: 0xcf9,
        count: 1,
        widest: 1,
        read: () => this.#state.reset,
        write: (_, __, byte) => this.#writeCf9(byte),
      },
    ]
  }

  reset(): void {
    this.#state = { ...powerOn, a20: this.#state.a20 }
    this.setA20(true)
  }

  /** Address line 20 has other masters too: the keyboard controller's output port. */
  setA20(passes: boolean): void {
    if (this.#state.a20 === passes) return
    this.#state.a20 = passes
    this.#options.onA20(passes)
  }

  get a20(): boolean {
    return this.#state.a20
  }

  save(): Saved {
    return { ...this.#state }
  }

  restore(saved: Saved): void {
    this.#state = likeSaved(this.name, this.#state, saved)
  }

  #read92(): number {
    return (this.#state.control & ~2) | (this.#state.a20 ? 2 : 0)
  }

  #write92(byte: number): void {
    const begins = (byte & ~this.#state.control & 1) !== 0
    this.#state.control = byte & 0xff
    this.setA20((byte & 2) !== 0)
    if (begins) this.#options.onEvent({ kind: 'reset', by: 'port-92' })
  }

  #writeCf9(byte: number): void {
    const begins = (byte & ~this.#state.reset & 4) !== 0
    this.#state.reset = byte & 0x0e
    if (begins) this.#options.onEvent({ kind: 'reset', by: 'port-cf9' })
  }
}
