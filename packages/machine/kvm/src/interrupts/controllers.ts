import { type InterruptSink, likeSaved, type Saved } from '@vmm/device'
import { createIoApic, type IoApic, ioApicPins } from '@vmm/io-apic'
import { createPic, type Pic } from '@vmm/pic'

/** Who holds a line up: it is up while anybody does. Source: virt/kvm and arch/x86/kvm, KVM_*_IRQ_SOURCE_ID (Linux 6.12). */
export const lineSources = { userSpace: 0, resample: 1, pit: 2 } as const

/** One of them, by its bit. */
export type LineSource = (typeof lineSources)[keyof typeof lineSources]

/** A controller's input, as KVM's tables name it: the PICs' are one row of sixteen. */
export interface Input {
  readonly controller: 'pic' | 'io-apic'
  readonly pin: number
}

/** What the controllers are wired to. */
export interface ControllersOptions {
  readonly send: InterruptSink
  /** Follows INT of the first PIC. */
  readonly intr: (level: boolean) => void
  readonly onEnd: (input: Input) => void
  readonly onMask: (input: Input, masked: boolean) => void
  /** Whether who drives an input is asked to look, before a level that came behind its mask counts. */
  readonly resample: (pin: number) => boolean
}

const picPins = 16

/** The pair of PICs and the I/O APIC of KVM_CREATE_IRQCHIP, with the lines that several drive. */
export class Controllers {
  readonly pic: Pic
  readonly ioApic: IoApic
  /** IOAPIC's address: user space may say another, and is told it. */
  ioApicBase = 0xfec0_0000n
  readonly #picLines = new Uint8Array(picPins)
  readonly #ioApicLines = new Uint8Array(ioApicPins)

  constructor({ send, intr, onEnd, onMask, resample }: ControllersOptions) {
    this.pic = createPic({
      intr,
      cascade: 'remembered',
      onEnd: (pin) => onEnd({ controller: 'pic', pin }),
      onMask: (pin, masked) => onMask({ controller: 'pic', pin }, masked),
    })
    this.ioApic = createIoApic({
      send,
      version: 0x11,
      reserved: 'kept',
      onEnd: (pin) => onEnd({ controller: 'io-apic', pin }),
      onMask: (pin, masked) => onMask({ controller: 'io-apic', pin }, masked),
      resample,
    })
  }

  /** Power-on state: who held a line up does so no more. */
  reset(): void {
    this.#picLines.fill(0)
    this.#ioApicLines.fill(0)
    this.pic.reset()
    this.ioApic.reset()
  }

  save(): Saved {
    const lines = { pic: this.#picLines.slice(), ioApic: this.#ioApicLines.slice() }
    return { pic: this.pic.save(), ioApic: this.ioApic.save(), ioApicBase: this.ioApicBase, lines }
  }

  /** @throws {RangeError} if it is not its own. */
  restore(saved: Saved): void {
    const example = this.save() as { pic: Saved; ioApic: Saved; ioApicBase: bigint; lines: Record<string, Uint8Array> }
    const { pic, ioApic, ioApicBase, lines } = likeSaved('interrupt controllers', example, saved)
    this.ioApicBase = ioApicBase
    this.#picLines.set(lines['pic'] ?? [])
    this.#ioApicLines.set(lines['ioApic'] ?? [])
    this.pic.restore(pic)
    this.ioApic.restore(ioApic)
  }

  /** One of those who drive an input does so. Gives what came of it, below zero where nothing did. */
  drive({ controller, pin }: Input, source: LineSource, level: boolean): number {
    const lines = controller === 'pic' ? this.#picLines : this.#ioApicLines
    const bit = 1 << source
    const held = level ? (lines[pin] ?? 0) | bit : (lines[pin] ?? 0) & ~bit
    lines[pin] = held
    return controller === 'pic' ? this.pic.setLine(pin, held !== 0) : this.ioApic.setLine(pin, held !== 0)
  }
}
