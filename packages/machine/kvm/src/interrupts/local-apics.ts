import { broadcastDestination, type InterruptMessage, likeSaved, type Saved, type Timer } from '@vmm/device'
import {
  ApicBus,
  type ApicRegisters,
  type ApicSignal,
  type BusApic,
  LocalApic,
  type TimeStampCounter,
} from '@vmm/local-apic'
import type { VmClock } from '../time/vm-clock.ts'

/** What a vCPU's local APIC goes by. */
export interface ApicOptions {
  readonly id: number
  /** The one that starts the machine. */
  readonly bootstrap: boolean
  readonly tsc: TimeStampCounter
  /** Where it leaves registers to its processor, if it may. */
  readonly registers: ApicRegisters | undefined
  /** The guest's MAXPHYADDR, and what its CPUID table says it has, now. */
  readonly guest: { readonly physicalAddressBits: number; readonly x2apic: boolean; readonly tscDeadline: boolean }
  readonly onSignal: (signal: ApicSignal) => void
  /** Something may have become pending, or a timer's deadline may be another. */
  readonly onChange: () => void
}

/** The local APIC of a vCPU that is in another VM of ours, in a thread of its own: messages reach it, and the PIC's output. */
export interface DistantApic extends BusApic {
  setLint(pin: 0, level: boolean): void
}

/** What all of them go by. */
export interface LocalApicsOptions {
  readonly clock: VmClock
  /** Whether LINT0 of the bootstrap processor is open to the PIC after reset. KVM_X86_QUIRK_LINT0_REENABLED. */
  readonly lint0Reenabled: () => boolean
}

const byteOfOnes = 0xff
/** Thirty-two ones in a message are everybody in x2APIC mode, and nobody else. */
export const everybodyWithLongIds = -1

/** The local APICs of a VM, and the bus between them. */
export class LocalApics {
  readonly bus = new ApicBus()
  /** KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK: FFH of a device is an ID, to who has longer ones. */
  broadcastsByte = true
  /** The period of the timers' input clock. */
  busNanoseconds = 1
  readonly #options: LocalApicsOptions
  readonly #apics: LocalApic[] = []
  readonly #distant: DistantApic[] = []
  #intr = false

  constructor(options: LocalApicsOptions) {
    this.#options = options
  }

  get all(): readonly LocalApic[] {
    return this.#apics
  }

  get timers(): readonly Timer[] {
    return this.#apics.map(({ timer }) => timer)
  }

  /**
   * A device's message. Gives how many processors took it; below zero where there is none to look at it.
   * Source: arch/x86/kvm/lapic.c kvm_irq_delivery_to_apic_fast (Linux 6.12).
   */
  readonly send = (message: InterruptMessage): number => {
    if (this.bus.size === 0) return -1
    if (message.destination === everybodyWithLongIds) return this.#sendToLong(message)
    const isByte = message.destination === broadcastDestination && !this.broadcastsByte
    return this.bus.send(isByte ? { ...message, destination: byteOfOnes } : message)
  }

  #sendToLong(message: InterruptMessage): number {
    const long = this.#apics.filter(({ x2apicMode }) => x2apicMode)
    const asked = { ...message, destination: broadcastDestination }
    return long.filter((apic) => apic.accept(asked)).length
  }

  /** The PIC's output, which goes to LINT0 of all. */
  drivePicOutput(level: boolean): void {
    this.#intr = level
    for (const apic of [...this.#apics, ...this.#distant]) apic.setLint(0, level)
  }

  /** Joins one that is elsewhere. */
  joinDistant(apic: DistantApic): void {
    this.#distant.push(apic)
    this.bus.attach(apic)
  }

  /** Power-on state. */
  reset(): void {
    this.bus.reset()
    for (const apic of this.#apics) apic.reset()
  }

  save(): Saved {
    return { bus: this.bus.save(), apics: this.#apics.map((apic) => apic.save()), intr: this.#intr }
  }

  /** @throws {RangeError} if it is not its own. */
  restore(saved: Saved): void {
    const example = this.save() as { bus: Saved; apics: Saved[]; intr: boolean }
    const { bus, apics, intr } = likeSaved('local APICs', example, saved)
    this.bus.restore(bus)
    this.#intr = intr
    for (const [index, apic] of this.#apics.entries()) apic.restore(apics[index] ?? null)
  }

  join(options: ApicOptions): LocalApic {
    const { id, bootstrap, tsc, registers, guest, onSignal, onChange } = options
    const { clock, lint0Reenabled } = this.#options
    const apic = new LocalApic({
      id,
      clock,
      bus: this.bus,
      tsc,
      registers,
      bootstrap,
      busNanoseconds: this.busNanoseconds,
      onSignal,
      onInterrupt: onChange,
      illegalVectors: 'taken',
      get physicalAddressBits() {
        return guest.physicalAddressBits
      },
      get x2apic() {
        return guest.x2apic
      },
      get tscDeadline() {
        return guest.tscDeadline
      },
      get lint0AtReset() {
        return bootstrap && lint0Reenabled() ? 'external' : 'masked'
      },
    })
    this.#apics.push(apic)
    apic.setLint(0, this.#intr)
    return apic
  }

  /** Which of them a listener of the bus is told of. */
  apicOf(by: BusApic): LocalApic | undefined {
    return this.#apics.find((apic) => apic === by)
  }
}
