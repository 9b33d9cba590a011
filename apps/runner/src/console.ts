import { writeSync } from 'node:fs'
import type { Machine } from './machine.ts'

const escapeKey = 0x01 // Ctrl-A
const endOfInput = 0x04 // Ctrl-D

interface ConsoleOptions {
  /** The console is not ours to show: a command's output goes to stdout and stderr. */
  readonly exec: boolean
  readonly showConsole: boolean
}

const help = '\r\nCtrl-A x quit · Ctrl-A s status · Ctrl-A a send Ctrl-A · Ctrl-A h this help\r\n'

/** The terminal's side of the guest's serial lines: output gathered and written, input held until the guest reads it. */
export class Console {
  readonly #options: ConsoleOptions
  readonly #out: number[] = []
  readonly #errors: number[] = []
  #held: number[] = []
  #machine: Machine | undefined
  #escaped = false
  #ended = false
  #raw = false
  #wake: (() => void) | undefined
  /** Bytes went to the guest since the last look. */
  fed = false
  wantsEnd: { readonly kind: 'quit' } | { readonly kind: 'signal'; readonly status: number } | undefined
  /** Until the shell has said something, input would be lost: the guest's UART does not listen yet. */
  #promptSeen = false
  #recent = ''

  constructor(options: ConsoleOptions) {
    this.#options = options
    process.on('SIGTERM', this.#terminated)
    process.on('SIGINT', this.#interrupted)
    process.stdout.on('error', this.#terminated)
    if (options.exec) return
    const { stdin } = process
    if (stdin.isTTY) {
      stdin.setRawMode(true)
      this.#raw = true
    }
    stdin.on('data', this.#typed)
    stdin.on('end', this.#inputEnded)
    stdin.resume()
  }

  attach(machine: Machine): void {
    this.#machine = machine
  }

  /** Gives the terminal back. */
  close(): void {
    this.flush()
    process.off('SIGTERM', this.#terminated)
    process.off('SIGINT', this.#interrupted)
    if (this.#raw) process.stdin.setRawMode(false)
    process.stdin.off('data', this.#typed)
    process.stdin.pause()
  }

  consoleByte(byte: number): void {
    this.#recent = (this.#recent + String.fromCharCode(byte)).slice(-3)
    if (this.#recent.endsWith('# ') || this.#recent.endsWith('$ ')) this.#promptSeen = true
    if (!this.#options.exec) this.#out.push(byte)
    else if (this.#options.showConsole) this.#errors.push(byte)
  }

  outputByte(byte: number): void {
    this.#out.push(byte)
  }

  errorByte(byte: number): void {
    this.#errors.push(byte)
  }

  flush(): void {
    this.#write(1, this.#out)
    this.#write(2, this.#errors)
  }

  #write(descriptor: number, bytes: number[]): void {
    if (bytes.length === 0) return
    const buffer = Uint8Array.from(bytes.splice(0))
    for (let done = 0; done < buffer.length; ) {
      try {
        done += writeSync(descriptor, buffer, done)
      } catch (error) {
        const { code } = error as { code?: string }
        if (code === 'EAGAIN') continue
        this.#terminated()
        return
      }
    }
  }

  /** Hands held input to the guest, as much as its FIFO takes. */
  feed(): void {
    this.fed = false
    const serial = this.#machine?.board.serialPorts[0]
    if (serial === undefined || this.#held.length === 0) return
    if (!this.#raw && !this.#promptSeen) return
    const taken = serial.receive(Uint8Array.from(this.#held.slice(0, serial.room)))
    this.#held = this.#held.slice(taken)
    this.fed = taken > 0
  }

  /** Waits for `timer`, or less if input comes first. */
  async inputOr(timer: Promise<unknown>): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    await Promise.race([timer, woken])
    this.#wake = undefined
  }

  readonly #typed = (bytes: Buffer): void => {
    for (const byte of bytes) {
      if (this.#raw && this.#escaped) this.#command(byte)
      else if (this.#raw && byte === escapeKey) this.#escaped = true
      else this.#held.push(byte)
    }
    this.#wake?.()
  }

  #command(byte: number): void {
    this.#escaped = false
    const key = String.fromCharCode(byte)
    if (key === 'x') this.wantsEnd = { kind: 'quit' }
    else if (key === 'h') writeSync(2, help)
    else if (key === 's')
      writeSync(
        2,
        `\r\n${this.#machine?.instructions ?? 0} instructions, guest time ${((this.#machine?.now() ?? 0) / 1e9).toFixed(2)} s\r\n`,
      )
    else if (key === 'a' || byte === escapeKey) this.#held.push(escapeKey)
    this.#wake?.()
  }

  readonly #inputEnded = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#held.push(endOfInput)
    this.#wake?.()
  }

  readonly #terminated = (): void => {
    this.wantsEnd = { kind: 'signal', status: 143 }
    this.#wake?.()
  }

  readonly #interrupted = (): void => {
    this.wantsEnd = { kind: 'signal', status: 130 }
    this.#wake?.()
  }
}
