import { type Device, type InterruptLine, likeSaved, type PortRange, type Saved } from '@vmm/device'
import { Chip, type PicRegisters } from './chip.ts'

/** The master's input that the slave's INT pin drives. */
const cascade = 2

/** What the pair is wired to. */
export interface PicOptions {
  /** Follows the master's INT pin. */
  readonly intr: InterruptLine
  /**
   * What the master's input 2 makes of the slave's INT: it follows it, as the data sheet has it, or remembers that it asked,
   * as KVM has it: then a slave that does not ask any more is acknowledged with its input 7. Default: `followed`.
   */
  readonly cascade?: 'followed' | 'remembered'
  /** An input is not in service any more: an end of interrupt came for it, or none was wanted. */
  readonly onEnd?: (irq: number) => void
  /** An input is masked now, or is not any more. */
  readonly onMask?: (irq: number, masked: boolean) => void
}

/** Which of the two. */
export type PicChip = 'master' | 'slave'

/** The pair: sixteen inputs, one output, and the acknowledge cycle between them. */
export interface Pic extends Device {
  /**
   * Drives one of the sixteen inputs. Input 2 is the slave's and cannot be driven. Gives less than 0 where the input is
   * masked, 0 where its request joined one that waits already, 1 otherwise.
   */
  setLine(irq: number, level: boolean): number
  /** What one of the two remembers. */
  readRegisters(chip: PicChip): PicRegisters
  /** Takes that from outside, whatever it says. */
  writeRegisters(chip: PicChip, registers: PicRegisters): void
  /** Whether nothing comes of an input, as far as masks go. */
  masks(irq: number): boolean
  /** The level of the master's INT pin. */
  pending(): boolean
  /** The processor's interrupt acknowledge cycle: the vector. When the request has gone, the vector of input 7 or 15. */
  acknowledge(): number
}

/**
 * Two 8259As at ports 20H/21H and A0H/A1H, and the edge/level control registers at 4D0H/4D1H.
 *
 * An edge stays requested after its line has dropped, as in KVM and QEMU; the data sheet answers such a request
 * with input 7. Requests of level inputs end with the level.
 * Source: Intel 8259A data sheet (231468); ICH9 data sheet §13.4 for the ELCR and for ICW1 bit 3 being ignored.
 */
export function createPic(options: PicOptions): Pic {
  return new InterruptControllers(options)
}

class InterruptControllers implements Pic {
  readonly name = 'pic'
  readonly ports: readonly PortRange[]
  readonly #intr: InterruptLine
  readonly #cascade: 'followed' | 'remembered'
  readonly #master: Chip
  readonly #slave: Chip
  #level = false

  constructor({ intr, cascade: kind = 'followed', onEnd = () => {}, onMask = () => {} }: PicOptions) {
    this.#intr = intr
    this.#cascade = kind
    this.#master = new Chip({ levelCapable: 0xf8, cascadeInput: cascade, cascade: kind, onEnd, onMask })
    this.#slave = new Chip({
      levelCapable: 0xde,
      cascadeInput: -1,
      cascade: kind,
      onEnd: (input) => onEnd(input + 8),
      onMask: (input, masked) => onMask(input + 8, masked),
    })
    this.ports = [this.#pair(0x20, this.#master), this.#pair(0xa0, this.#slave), this.#levels()]
  }

  reset(): void {
    this.#master.reset()
    this.#slave.reset()
    this.#update()
  }

  setLine(irq: number, level: boolean): number {
    if (irq === cascade) return this.#master.masks(cascade) ? -1 : 1
    const came = irq < 8 ? this.#master.setLine(irq, level) : this.#slave.setLine(irq - 8, level)
    this.#update()
    return came
  }

  readRegisters(chip: PicChip): PicRegisters {
    return this.#chip(chip).registers
  }

  writeRegisters(chip: PicChip, registers: PicRegisters): void {
    this.#chip(chip).registers = registers
    this.#update()
  }

  #chip(chip: PicChip): Chip {
    return chip === 'master' ? this.#master : this.#slave
  }

  masks(irq: number): boolean {
    return irq < 8 ? this.#master.masks(irq) : this.#slave.masks(irq - 8) || this.#master.masks(cascade)
  }

  pending(): boolean {
    return this.#level
  }

  acknowledge(): number {
    const input = this.#master.acknowledge()
    const fromSlave = input === cascade
    const vector = fromSlave ? this.#slave.vectorOf(this.#slave.acknowledge()) : this.#master.vectorOf(input)
    this.#update()
    return vector
  }

  save(): Saved {
    return { level: this.#level, master: this.#master.save(), slave: this.#slave.save() }
  }

  restore(saved: Saved): void {
    const example = { level: false, master: this.#master.save(), slave: this.#slave.save() }
    const state = likeSaved('pic', example, saved)
    this.#master.restore(state.master)
    this.#slave.restore(state.slave)
    this.#level = state.level
  }

  #pair(first: number, chip: Chip): PortRange {
    const read = (port: number) => {
      const byte = port === first ? chip.readCommand() : chip.readData()
      this.#update()
      return byte
    }
    const write = (port: number, _: number, byte: number) => {
      if (port === first) chip.writeCommand(byte)
      else chip.writeData(byte)
      this.#update()
    }
    return { first, count: 2, widest: 1, read, write }
  }

  #levels(): PortRange {
    const chipOf = (port: number) => (port === 0x4d0 ? this.#master : this.#slave)
    const write = (port: number, _: number, byte: number) => {
      chipOf(port).elcr = byte
      this.#update()
    }
    return { first: 0x4d0, count: 2, widest: 1, read: (port) => chipOf(port).elcr, write }
  }

  /** The slave's INT reaches the master. */
  #askMaster(): void {
    const asks = this.#slave.requesting
    if (this.#cascade === 'followed') this.#master.setLine(cascade, asks)
    else if (asks) {
      this.#master.setLine(cascade, true)
      this.#master.setLine(cascade, false)
    }
  }

  #update(): void {
    this.#askMaster()
    const level = this.#master.requesting
    if (level === this.#level) return
    this.#level = level
    this.#intr(level)
  }
}
