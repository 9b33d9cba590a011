import { type InterruptMessage, likeSaved, type Saved } from '@vmm/device'

/** A local APIC as the bus sees it. */
export interface BusApic {
  /** Hardware-enabled: a disabled one hears nothing. */
  readonly enabled: boolean
  readonly softwareEnabled: boolean
  /** What lowest-priority delivery compares: smaller is idler. */
  readonly arbitrationPriority: number
  matches(destination: number, mode: 'physical' | 'logical'): boolean
  /** Returns whether the message had an effect or was already pending. */
  accept(message: InterruptMessage): boolean
}

/** An I/O APIC as the bus sees it: someone who is told of the ends of interrupts, and by which APIC. */
export interface EndOfInterruptListener {
  endOfInterrupt(vector: number, trigger: 'edge' | 'level', by: BusApic): void
}

/** The destination shorthand of the interrupt command register; `all` includes the sender, `others` does not. Source: SDM 3A §11.6.1. */
export type Shorthand = 'none' | 'self' | 'all' | 'others'

/**
 * Carries interrupt messages between local APICs, I/O APICs and whoever else sends them.
 * Lowest-priority delivery goes to the idlest match, and in turn among equals.
 * Source: SDM 3A §11.6.2 "Determining IPI Destination".
 */
export class ApicBus {
  readonly #apics: BusApic[] = []
  readonly #listeners: EndOfInterruptListener[] = []
  /** Index of the APIC that took the last lowest-priority message. */
  #last = -1

  attach(apic: BusApic): void {
    this.#apics.push(apic)
  }

  attachListener(listener: EndOfInterruptListener): void {
    this.#listeners.push(listener)
  }

  /** Delivers a message by its destination. Returns how many APICs took it. */
  readonly send = (message: InterruptMessage): number => {
    const { destination, destinationMode } = message
    return this.#deliver(message, (apic) => apic.matches(destination, destinationMode))
  }

  /** Delivers a processor's command. Returns how many APICs took it. */
  sendFrom(source: BusApic, shorthand: Shorthand, message: InterruptMessage): number {
    switch (shorthand) {
      case 'none':
        return this.send(message)
      case 'self':
        return source.accept(message) ? 1 : 0
      case 'all':
        return this.#deliver(message, () => true)
      case 'others':
        return this.#deliver(message, (apic) => apic !== source)
      default:
        return shorthand satisfies never
    }
  }

  /** How many APICs there are. */
  get size(): number {
    return this.#apics.length
  }

  /** A processor has ended an interrupt. */
  endOfInterrupt(vector: number, trigger: 'edge' | 'level', by: BusApic): void {
    for (const listener of this.#listeners) listener.endOfInterrupt(vector, trigger, by)
  }

  reset(): void {
    this.#last = -1
  }

  save(): Saved {
    return { last: this.#last }
  }

  restore(saved: Saved): void {
    this.#last = likeSaved('apic-bus', { last: 0 }, saved).last
  }

  #deliver(message: InterruptMessage, matches: (apic: BusApic) => boolean): number {
    if (message.delivery === 'lowest') return this.#deliverToOne(message, matches)
    let taken = 0
    for (const apic of this.#apics) {
      if (apic.enabled && matches(apic) && apic.accept(message)) taken++
    }
    return taken
  }

  #deliverToOne(message: InterruptMessage, matches: (apic: BusApic) => boolean): number {
    const count = this.#apics.length
    let chosen: BusApic | undefined
    let chosenIndex = -1
    for (let step = 1; step <= count; step++) {
      const index = (this.#last + step + count) % count
      const apic = this.#apics[index]
      if (apic === undefined || !apic.enabled || !apic.softwareEnabled || !matches(apic)) continue
      if (chosen !== undefined && chosen.arbitrationPriority <= apic.arbitrationPriority) continue
      chosen = apic
      chosenIndex = index
    }
    if (chosen === undefined) return 0
    this.#last = chosenIndex
    return chosen.accept(message) ? 1 : 0
  }
}
