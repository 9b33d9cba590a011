import { nobody, type Vcpu, type VcpuMachine } from '@vmm/vcpu'
import { at, port, timerVector } from './layout.ts'

/** What is laid up for devices to store. */
export interface Stored {
  readonly address: number
  readonly bytes: Uint8Array
}

/** What the machine needs of its processor, which is made after it. */
export interface MachineParts {
  readonly vcpu: () => Vcpu
  readonly stores: readonly Stored[]
  /** What `codeDevice` reads as. */
  readonly code: Uint8Array
}

/** A machine that answers by what it is asked and when, to the instruction, and remembers all of it. */
export class StressMachine {
  /** What was asked, a line each. */
  readonly asked: string[] = []
  /** When the timer fires; never, if it is not set. */
  deadline = Number.POSITIVE_INFINITY
  readonly port: VcpuMachine
  readonly #parts: MachineParts
  #waiting: number[] = []

  constructor(parts: MachineParts) {
    this.#parts = parts
    const retired = () => parts.vcpu().engine.retired()
    this.port = {
      ...nobody(retired),
      portIn: (number, size) => this.#note(`in ${number} ${size}`, mixed(number, size, retired())),
      portOut: (number, size, value) => {
        this.#note(`out ${number} ${size} ${value >>> 0}`, 0)
        this.#tell(number, value >>> 0)
        return true
      },
      mmioRead: (address, size) => this.#load(address, size),
      mmioWrite: (address, size, value) => {
        this.#note(`store ${address} ${size} ${value}`, 0)
        return true
      },
      timeStamp: () => BigInt(retired()) * 3n + 1n,
      interruptPending: () => this.#waiting.length > 0,
      acknowledge: () => this.#waiting.shift() ?? 0,
    }
  }

  /** An interrupt comes from outside. */
  interrupt(vector: number): void {
    this.#waiting.push(vector)
  }

  /** The timer's time has come, if it has. */
  look(): void {
    if (this.#parts.vcpu().engine.retired() < this.deadline) return
    this.fire()
  }

  /** The timer fires: nothing else can happen. */
  fire(): void {
    this.deadline = Number.POSITIVE_INFINITY
    this.interrupt(timerVector)
  }

  #tell(number: number, value: number): void {
    const vcpu = this.#parts.vcpu()
    if (number === port.interruptNow) this.interrupt(value & 0xff)
    else if (number === port.timer) this.deadline = vcpu.engine.retired() + value
    else if (number === port.store) {
      const stored = this.#parts.stores[value]
      if (stored !== undefined) vcpu.engine.writePhysical(stored.address, stored.bytes)
    }
    if (number === port.interruptNow || number === port.timer) vcpu.kick()
  }

  #load(address: number, size: number): bigint {
    const { code } = this.#parts
    const inCode = address - at.codeDevice
    const byte = (index: number) => BigInt(code[inCode + index] ?? 0xf4)
    if (inCode >= 0 && inCode < 0x1000)
      return Array.from({ length: size }, (_, index) => byte(index) << BigInt(index * 8)).reduce((a, b) => a | b)
    const value = mixed(address, size, this.#parts.vcpu().engine.retired())
    return BigInt.asUintN(size * 8, BigInt(this.#note(`load ${address} ${size}`, value)) * 0x1_0000_0001n)
  }

  #note<T>(text: string, answer: T): T {
    this.asked.push(`${text} at ${this.#parts.vcpu().engine.retired()}`)
    return answer
  }
}

const mixed = (...values: readonly number[]): number =>
  values.reduce((all, value) => Math.imul(all ^ value, 0x9e37_79b1) ^ (all >>> 15), 0x1234_5678) >>> 0
