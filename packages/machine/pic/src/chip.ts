import { copySaved, likeSaved, type Restored, type Saved } from '@vmm/device'

const powerOn = {
  /** Inputs that are high now. */
  lines: 0,
  /** Interrupt request register: edges that were seen, and level inputs that are high. */
  irr: 0,
  isr: 0,
  imr: 0,
  /** Edge/level control: a set bit makes the input level-triggered. */
  elcr: 0,
  vectorBase: 0,
  /** The input with the lowest priority. */
  lowest: 7,
  /** Which initialization word comes next: 0 none, 2, 3 or 4. */
  awaiting: 0,
  needsIcw4: false,
  single: false,
  specialMask: false,
  fullyNested: false,
  autoEoi: false,
  rotateOnAutoEoi: false,
  readIsr: false,
  poll: false,
}

/** What an 8259A answers when nobody asks any more: input 7, without setting its in-service bit. */
const spurious = 7

/** One 8259A. Source: Intel 8259A data sheet (231468). */
export class Chip {
  readonly #levelCapable: number
  readonly #cascadeInput: number
  #state: Restored<typeof powerOn> = copySaved(powerOn)

  /**
   * `levelCapable` masks the inputs whose ELCR bit can be set.
   * `cascadeInput` is the master's input that a slave is on, or -1.
   */
  constructor(levelCapable: number, cascadeInput: number) {
    this.#levelCapable = levelCapable
    this.#cascadeInput = cascadeInput
  }

  /** What the inputs are is not the chip's to reset. */
  reset(): void {
    this.#state = { ...copySaved(powerOn), lines: this.#state.lines }
  }

  setLine(input: number, level: boolean): void {
    const state = this.#state
    const bit = 1 << input
    const rises = level && (state.lines & bit) === 0
    state.lines = level ? state.lines | bit : state.lines & ~bit
    if (this.#followsLevel(bit)) state.irr = level ? state.irr | bit : state.irr & ~bit
    else if (rises) state.irr |= bit
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
    return this.#state.vectorBase | input
  }

  readCommand(): number {
    const state = this.#state
    if (state.poll) return this.#polled()
    return state.readIsr ? state.isr : state.irr
  }

  readData(): number {
    return this.#state.poll ? this.#polled() : this.#state.imr
  }

  writeCommand(byte: number): void {
    if ((byte & 0x10) !== 0) this.#initialize(byte)
    else if ((byte & 0x08) !== 0) this.#operate(byte)
    else this.#endOfInterrupt(byte)
  }

  writeData(byte: number): void {
    const state = this.#state
    switch (state.awaiting) {
      case 2:
        state.vectorBase = byte & 0xf8
        state.awaiting = state.single ? (state.needsIcw4 ? 4 : 0) : 3
        break
      case 3:
        state.awaiting = state.needsIcw4 ? 4 : 0
        break
      case 4:
        state.fullyNested = (byte & 0x10) !== 0
        state.autoEoi = (byte & 0x02) !== 0
        state.awaiting = 0
        break
      default:
        state.imr = byte
    }
  }

  get elcr(): number {
    return this.#state.elcr
  }

  set elcr(byte: number) {
    const state = this.#state
    const becameEdge = state.elcr & ~byte
    state.elcr = byte & this.#levelCapable
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
    return (this.#state.elcr & bit) !== 0 || (this.#cascadeInput >= 0 && bit === 1 << this.#cascadeInput)
  }

  /** Distance from the highest priority: 0 is the most urgent. */
  #rank(input: number): number {
    return (input - this.#state.lowest - 1) & 7
  }

  /** The most urgent of a set of inputs, or -1. */
  #mostUrgent(set: number): number {
    for (let rank = 0; rank < 8; rank++) {
      const input = (this.#state.lowest + 1 + rank) & 7
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
    if (state.specialMask) inService &= ~state.imr
    if (state.fullyNested && this.#cascadeInput >= 0) inService &= ~(1 << this.#cascadeInput)
    const busy = this.#mostUrgent(inService)
    return busy < 0 || this.#rank(input) < this.#rank(busy) ? input : -1
  }

  #take(input: number): void {
    const state = this.#state
    const bit = 1 << input
    if (!this.#followsLevel(bit)) state.irr &= ~bit
    if (!state.autoEoi) state.isr |= bit
    else if (state.rotateOnAutoEoi) state.lowest = input
  }

  #polled(): number {
    this.#state.poll = false
    const input = this.#next()
    if (input < 0) return spurious
    this.#take(input)
    return 0x80 | input
  }

  /** ICW1. Source: 8259A data sheet, "Initialization Command Words 1 and 2". */
  #initialize(byte: number): void {
    const { lines, elcr, irr } = this.#state
    this.#state = {
      ...copySaved(powerOn),
      lines,
      elcr,
      irr: irr & elcr,
      awaiting: 2,
      needsIcw4: (byte & 1) !== 0,
      single: (byte & 2) !== 0,
    }
  }

  /** OCW3. */
  #operate(byte: number): void {
    const state = this.#state
    if ((byte & 0x40) !== 0) state.specialMask = (byte & 0x20) !== 0
    if ((byte & 0x04) !== 0) state.poll = true
    if ((byte & 0x02) !== 0) state.readIsr = (byte & 0x01) !== 0
  }

  /** OCW2. */
  #endOfInterrupt(byte: number): void {
    const state = this.#state
    const rotate = (byte & 0x80) !== 0
    const specific = (byte & 0x40) !== 0
    if ((byte & 0x20) === 0) {
      if (rotate && specific) state.lowest = byte & 7
      else if (!specific) state.rotateOnAutoEoi = rotate
      return
    }
    const ended = specific ? byte & 7 : this.#mostUrgent(state.specialMask ? state.isr & ~state.imr : state.isr)
    if (ended < 0) return
    state.isr &= ~(1 << ended)
    if (rotate) state.lowest = ended
  }
}
