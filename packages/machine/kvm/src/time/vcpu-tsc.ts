import type { VmClock } from './vm-clock.ts'

/** Kilohertz of the machine's own counter, which counts the nanoseconds of the VM's clock. */
export const hostKhz = 1_000_000

const wrapped = (value: bigint): bigint => BigInt.asUintN(64, value)

/** The time-stamp counter of a vCPU: the machine's, scaled to its rate, and what is added to it. */
export class VcpuTsc {
  readonly #clock: VmClock
  /** KVM_VCPU_TSC_OFFSET: what is added to the machine's counter once that is scaled. 64 bits. */
  offset = 0n
  kHz: number

  constructor(clock: VmClock, kHz = hostKhz) {
    this.#clock = clock
    this.kHz = kHz
  }

  /** The machine's counter at the rate of this one. */
  get scaled(): bigint {
    return this.#scaledAt(this.#clock.now())
  }

  /** What it shows when the clock is at so many nanoseconds. */
  at(nanoseconds: number): bigint {
    return wrapped(this.#scaledAt(nanoseconds) + this.offset)
  }

  /** When, by the clock, it shows a value: in the past if it did before now. */
  when(value: bigint): number {
    const scaled = BigInt.asIntN(64, value - this.offset)
    return Number(this.kHz === hostKhz ? scaled : (scaled * BigInt(hostKhz)) / BigInt(this.kHz))
  }

  get now(): bigint {
    return wrapped(this.scaled + this.offset)
  }

  /** How far it counts in a time. */
  ticksIn(nanoseconds: number): bigint {
    return this.#scaledAt(nanoseconds)
  }

  #scaledAt(nanoseconds: number): bigint {
    const now = BigInt(nanoseconds)
    return this.kHz === hostKhz ? now : (now * BigInt(this.kHz)) / BigInt(hostKhz)
  }
}
