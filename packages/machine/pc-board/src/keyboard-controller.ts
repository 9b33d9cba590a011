import {
  copySaved,
  type Device,
  type InterruptLine,
  likeSaved,
  type PortRange,
  type Restored,
  type Saved,
} from '@vmm/device'
import type { OnMachineEvent } from './machine-event.ts'

export interface KeyboardControllerOptions {
  readonly irq1: InterruptLine
  readonly irq12: InterruptLine
  readonly onEvent: OnMachineEvent
  readonly onA20: (passes: boolean) => void
}

const depth = 16
const status = { full: 0x01, system: 0x04, command: 0x08, unlocked: 0x10, auxFull: 0x20, timeout: 0x40 } as const
const command = { irq1: 0x01, irq12: 0x02, keyboardOff: 0x10, auxOff: 0x20 } as const
const output = { notReset: 0x01, a20: 0x02 } as const

/** Answers that wait for the guest; the second bit of `source` says timeout. */
const source = { keyboard: 0, aux: 1, auxTimeout: 3 } as const

const powerOn = {
  commandByte: command.keyboardOff | command.auxOff,
  outputPort: output.notReset | output.a20,
  system: 0,
  lastWasCommand: false,
  /** The command whose data byte comes next, or 0. */
  awaiting: 0,
  /** The keyboard command whose argument comes next, or 0. */
  keyboardAwaiting: 0,
  bytes: new Uint8Array(depth),
  sources: new Uint8Array(depth),
  count: 0,
  irq1: false,
  irq12: false,
}

/** Commands whose next byte at port 60H belongs to them. */
const withData = { writeCommandByte: 0x60, writeOutputPort: 0xd1, asKeyboard: 0xd2, asAux: 0xd3, toAux: 0xd4 } as const

/** Keyboard commands that take an argument. */
const keyboardArguments: readonly number[] = [0xed, 0xf0, 0xf3]

/**
 * The 8042 at ports 60H and 64H with a keyboard that answers commands and is never touched, and no mouse.
 * Source: Intel 8042 (UPI-42) and IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device Controller".
 */
export class KeyboardController implements Device {
  readonly name = 'keyboard-controller'
  readonly ports: readonly PortRange[]
  readonly #options: KeyboardControllerOptions
  #state: Restored<typeof powerOn> = copySaved(powerOn)

  constructor(options: KeyboardControllerOptions) {
    this.#options = options
    const data = { read: () => this.#readData(), write: (_: number, __: number, byte: number) => this.#writeData(byte) }
    const commands = {
      read: () => this.#readStatus(),
      write: (_: number, __: number, byte: number) => this.#command(byte),
    }
    this.ports = [
      { first: 0x60, count: 1, widest: 1, ...data },
      { first: 0x64, count: 1, widest: 1, ...commands },
    ]
  }

  reset(): void {
    const { irq1, irq12 } = this.#state
    this.#state = { ...copySaved(powerOn), irq1, irq12 }
    this.#update()
  }

  save(): Saved {
    return copySaved(this.#state)
  }

  restore(saved: Saved): void {
    const state = likeSaved(this.name, this.#state, saved)
    this.#state = { ...state, count: Math.min(Math.max(0, state.count & 31), depth) }
  }

  #readStatus(): number {
    const state = this.#state
    const front = state.count > 0 ? (state.sources[0] ?? 0) : 0
    const full = state.count > 0 ? status.full : 0
    const aux = (front & 1) !== 0 ? status.auxFull : 0
    const timeout = (front & 2) !== 0 ? status.timeout : 0
    const last = state.lastWasCommand ? status.command : 0
    return status.unlocked | full | aux | timeout | last | (state.system !== 0 ? status.system : 0)
  }

  #readData(): number {
    const state = this.#state
    if (state.count === 0) return 0
    const byte = state.bytes[0] ?? 0
    state.bytes.copyWithin(0, 1)
    state.sources.copyWithin(0, 1)
    state.count--
    // The next byte is a new edge.
    this.#drive(false, false)
    this.#update()
    return byte
  }

  #writeData(byte: number): void {
    const state = this.#state
    state.lastWasCommand = false
    const { awaiting } = state
    state.awaiting = 0
    if (awaiting === withData.writeCommandByte) {
      state.commandByte = byte
      state.system = byte & status.system
    } else if (awaiting === withData.writeOutputPort) this.#setOutputPort(byte)
    else if (awaiting === withData.asKeyboard) this.#answer(source.keyboard, byte)
    else if (awaiting === withData.asAux) this.#answer(source.aux, byte)
    else if (awaiting === withData.toAux) this.#answer(source.auxTimeout, 0xfe)
    else this.#keyboard(byte)
    this.#update()
  }

  #command(byte: number): void {
    const state = this.#state
    state.lastWasCommand = true
    state.awaiting = 0
    if (byte >= 0xf0) this.#pulse(byte)
    else if (Object.values<number>(withData).includes(byte)) state.awaiting = byte
    else this.#simpleCommand(byte)
    this.#update()
  }

  #simpleCommand(byte: number): void {
    const state = this.#state
    if (byte === 0xa7) state.commandByte |= command.auxOff
    else if (byte === 0xa8) state.commandByte &= ~command.auxOff
    else if (byte === 0xad) state.commandByte |= command.keyboardOff
    else if (byte === 0xae) state.commandByte &= ~command.keyboardOff
    else if (byte === 0xaa) state.system = status.system
    const answer = this.#answerTo(byte)
    if (answer !== undefined) this.#answer(source.keyboard, answer)
  }

  /** What comes back at once: the command byte, test results (well), the input port, the output port. */
  #answerTo(byte: number): number | undefined {
    const answers: Readonly<Record<number, number>> = {
      32: this.#state.commandByte,
      169: 0x00,
      170: 0x55,
      171: 0x00,
      192: 0x80,
      208: this.#state.outputPort,
    }
    return answers[byte]
  }

  /** Commands F0H to FFH pull down those output port bits that are zero in the command, for 6 µs. Bit 0 is the reset line. */
  #pulse(byte: number): void {
    if ((byte & output.notReset) === 0) this.#options.onEvent({ kind: 'reset', by: 'keyboard-controller' })
  }

  #setOutputPort(byte: number): void {
    this.#state.outputPort = byte
    this.#options.onA20((byte & output.a20) !== 0)
    if ((byte & output.notReset) === 0) this.#options.onEvent({ kind: 'reset', by: 'keyboard-controller' })
  }

  /** The keyboard acknowledges everything, and says after a reset that it is well. */
  #keyboard(byte: number): void {
    const state = this.#state
    state.commandByte &= ~command.keyboardOff
    const asked = state.keyboardAwaiting
    state.keyboardAwaiting = asked === 0 && keyboardArguments.includes(byte) ? byte : 0
    for (const answer of keyboardAnswers(asked, byte)) this.#answer(source.keyboard, answer)
  }

  #answer(from: number, byte: number): void {
    const state = this.#state
    if (state.count === depth) return
    state.bytes[state.count] = byte
    state.sources[state.count] = from
    state.count++
  }

  #update(): void {
    const { count, sources, commandByte } = this.#state
    const full = count > 0
    const aux = ((sources[0] ?? 0) & 1) !== 0
    this.#drive(full && !aux && (commandByte & command.irq1) !== 0, full && aux && (commandByte & command.irq12) !== 0)
  }

  #drive(irq1: boolean, irq12: boolean): void {
    const state = this.#state
    if (irq1 !== state.irq1) {
      state.irq1 = irq1
      this.#options.irq1(irq1)
    }
    if (irq12 === state.irq12) return
    state.irq12 = irq12
    this.#options.irq12(irq12)
  }
}

/** A byte to the keyboard, which may be the argument of the command `asked`. Source: IBM PS/2 Technical Reference, "Keyboard". */
function keyboardAnswers(asked: number, byte: number): readonly number[] {
  const scanCodeSet = 2
  if (asked !== 0) return asked === 0xf0 && byte === 0 ? [0xfa, scanCodeSet] : [0xfa]
  if (byte === 0xee) return [0xee]
  if (byte === 0xff) return [0xfa, 0xaa]
  return byte === 0xf2 ? [0xfa, 0xab, 0x83] : [0xfa]
}
