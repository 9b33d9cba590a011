import { copySaved, likeSaved, type Restored, type Saved } from '@vmm/device'

/** What one 8259A remembers. Everything is a byte, and what is yes or no is 1 or 0. */
export interface PicRegisters {
  /** Inputs that are high now. The master's input 2 is the slave's, and its level is not told. */
  lines: number
  /** Interrupt request register: edges that were seen, and level inputs that are high. */
  irr: number
  isr: number
  imr: number
  /** Edge/level control: a set bit makes the input level-triggered. */
  elcr: number
  /** Which of those bits software can set. */
  elcrWritable: number
  vectorBase: number
  /** The input with the highest priority. */
  highest: number
  /** Which initialization word comes next: 0 none, 2, 3 or 4. */
  awaiting: number
  needsIcw4: number
  specialMask: number
  fullyNested: number
  autoEoi: number
  rotateOnAutoEoi: number
  readIsr: number
  poll: number
}

const powerOn = {
  lines: 0,
  irr: 0,
  isr: 0,
  imr: 0,
  elcr: 0,
  elcrWritable: 0,
  vectorBase: 0,
  highest: 0,
  awaiting: 0,
  needsIcw4: 0,
  single: 0,
  specialMask: 0,
  fullyNested: 0,
  autoEoi: 0,
  rotateOnAutoEoi: 0,
  readIsr: 0,
  poll: 0,
}

/** What a chip is wired to. */
export interface ChipOptions {
  /** The inputs whose ELCR bit can be set. */
  readonly levelCapable: number
  /** The master's input that a slave is on, or -1. */
  readonly cascadeInput: number
  /** Whether that input follows the slave, or remembers that it asked. */
  readonly cascade: 'followed' | 'remembered'
  /** An input is not in service any more. */
  readonly onEnd: (input: number) => void
  /** An input is masked now, or is not any more. */
  readonly onMask: (input: number, masked: boolean) => void
}

/** What an 8259A answers when nobody asks any more: input 7, without setting its in-service bit. */
const spurious = 7

/** One 8259A. Source: Intel 8259A data sheet (231468). */
export class Chip {
  readonly #options: ChipOptions
  #state: Restored<typeof powerOn>

  constructor(options: ChipOptions) {
    this.#options = options
    this.#state = { ...copySaved(powerOn), elcrWritable: options.levelCapable }
  }

  /** What the inputs are is not the chip's to reset. */
  reset(): void {
    this.#state = { ...copySaved(powerOn), lines: this.#state.lines, elcrWritable: this.#options.levelCapable }
  }

  /** Below zero where the input is masked, 0 where its request joined one that waits, 1 otherwise. */
  setLine(input: number, level: boolean): number {
    const state = this.#state
    const bit = 1 << input
    const rises = level && (state.lines & bit) === 0
    const follows = this.#followsLevel(bit)
    const asks = level && (follows || rises)
    const joins = asks && (state.irr & bit) !== 0
    state.lines = level ? state.lines | bit : state.lines & ~bit
    if (asks) state.irr |= bit
    else if (follows) state.irr &= ~bit
    if ((state.imr & bit) !== 0) return -1
    return joins ? 0 : 1
  }

  /** Everything that it remembers. */
  get registers(): PicRegisters {
    const { single: _, ...registers } = this.#state
    return { ...registers, lines: registers.lines & ~this.#cascadeBit() }
  }

  /** Takes that from outside, whatever it says. */
  set registers(registers: PicRegisters) {
    const lines = (registers.lines & ~this.#cascadeBit()) | (this.#state.lines & this.#cascadeBit())
    this.#state = { ...this.#state, ...registers, lines }
  }

  masks(input: number): boolean {
    return (this.#state.imr & (1 << input)) !== 0
  }

  /** The INT pin. */
  get requesting(): boolean {
    return this.#next() >= 0
  }

  /** The second INTA pulse of one input: the input that is taken, 0 to 7, or 7 without any effect. */
  acknowledge(): number {
    const input = this.#next()
    if (input < 0) return spurious
    this.#take(input)
    return input
  }

  vectorOf(input: number): number {
    return (this.#state.vectorBase + input) & 0xff
  }

  readCommand(): number {
    const state = this.#state
    if (state.poll !== 0) return this.#polled()
    return state.readIsr === 0 ? state.irr : state.isr
  }

  readData(): number {
    return this.#state.poll === 0 ? this.#state.imr : this.#polled()
  }

  writeCommand(byte: number): void {
    if ((byte & 0x10) !== 0) this.#initialize(byte)
    else if ((byte & 0x08) !== 0) this.#operate(byte)
    else this.#endOfInterrupt(byte)
  }

  writeData(byte: number): void {
    const state = this.#state
    const icw4 = state.needsIcw4 === 0 ? 0 : 4
    switch (state.awaiting) {
      case 2:
        state.vectorBase = byte & 0xf8
        state.awaiting = state.single === 0 ? 3 : icw4
        break
      case 3:
        state.awaiting = icw4
        break
      case 4:
        state.fullyNested = (byte >> 4) & 1
        state.autoEoi = (byte >> 1) & 1
        state.awaiting = 0
        break
      default:
        this.#mask(byte)
    }
  }

  get elcr(): number {
    return this.#state.elcr
  }

  set elcr(byte: number) {
    const state = this.#state
    const becameEdge = state.elcr & ~byte
    state.elcr = byte & state.elcrWritable
    state.irr = (state.irr & ~becameEdge) | (state.lines & state.elcr)
  }

  save(): Saved {
    return copySaved(this.#state)
  }

  restore(saved: Saved): void {
    this.#state = likeSaved('pic', this.#state, saved)
  }

  /** The slave's INT pin is looked at as a level: it drops while the slave's interrupt is taken and comes back for another. */
  #followsLevel(bit: number): boolean {
    return (this.#state.elcr & bit) !== 0 || (bit === this.#cascadeBit() && this.#options.cascade === 'followed')
  }

  #cascadeBit(): number {
    const { cascadeInput } = this.#options
    return cascadeInput < 0 ? 0 : 1 << cascadeInput
  }

  #mask(imr: number): void {
    const changed = this.#state.imr ^ imr
    this.#state.imr = imr
    for (let input = 0; input < 8; input++)
      if ((changed & (1 << input)) !== 0) this.#options.onMask(input, this.masks(input))
  }

  /** Distance from the highest priority: 0 is the most urgent. */
  #rank(input: number): number {
    return (input - this.#state.highest) & 7
  }

  /** The most urgent of a set of inputs, or -1. */
  #mostUrgent(set: number): number {
    for (let rank = 0; rank < 8; rank++) {
      const input = (this.#state.highest + rank) & 7
      if ((set & (1 << input)) !== 0) return input
    }
    return -1
  }

  /** The input that would be acknowledged now, or -1. Source: 8259A data sheet, "Fully Nested Mode" and the special modes. */
  #next(): number {
    const state = this.#state
    const input = this.#mostUrgent(state.irr & ~state.imr)
    if (input < 0 || state.awaiting !== 0) return -1
    let inService = state.isr
    if (state.specialMask !== 0) inService &= ~state.imr
    if (state.fullyNested !== 0) inService &= ~this.#cascadeBit()
    const busy = this.#mostUrgent(inService)
    return busy < 0 || this.#rank(input) < this.#rank(busy) ? input : -1
  }

  #take(input: number): void {
    const state = this.#state
    const bit = 1 << input
    if (!this.#followsLevel(bit)) state.irr &= ~bit
    if (state.autoEoi === 0) {
      state.isr |= bit
      return
    }
    if (state.rotateOnAutoEoi !== 0) state.highest = (input + 1) & 7
    this.#options.onEnd(input)
  }

  #polled(): number {
    this.#state.poll = 0
    const input = this.#next()
    if (input < 0) return spurious
    this.#take(input)
    return 0x80 | input
  }

  /** ICW1. Source: 8259A data sheet, "Initialization Command Words 1 and 2". */
  #initialize(byte: number): void {
    const { lines, elcr, elcrWritable, irr, vectorBase, rotateOnAutoEoi, ...before } = this.#state
    const needsIcw4 = byte & 1
    const kept = needsIcw4 === 0 ? {} : { fullyNested: before.fullyNested, autoEoi: before.autoEoi }
    const requested = irr & elcr
    const rest = { lines, elcr, elcrWritable, irr: requested, vectorBase, rotateOnAutoEoi, ...kept }
    this.#state = { ...copySaved(powerOn), ...rest, awaiting: 2, needsIcw4, single: (byte >> 1) & 1 }
  }

  /** OCW3. */
  #operate(byte: number): void {
    const state = this.#state
    if ((byte & 0x40) !== 0) state.specialMask = (byte >> 5) & 1
    if ((byte & 0x04) !== 0) state.poll = 1
    if ((byte & 0x02) !== 0) state.readIsr = byte & 1
  }

  /** OCW2. */
  #endOfInterrupt(byte: number): void {
    const state = this.#state
    const rotate = (byte & 0x80) !== 0
    const specific = (byte & 0x40) !== 0
    if ((byte & 0x20) === 0) {
      if (rotate && specific) state.highest = (byte + 1) & 7
      else if (!specific) state.rotateOnAutoEoi = rotate ? 1 : 0
      return
    }
    const ended = specific ? byte & 7 : this.#mostUrgent(state.specialMask ? state.isr & ~state.imr : state.isr)
    if (ended < 0) return
    state.isr &= ~(1 << ended)
    if (rotate) state.highest = (ended + 1) & 7
    this.#options.onEnd(ended)
  }
}
