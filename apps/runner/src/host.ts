import type { Bell } from './bell.ts'
import type { Ending } from './ending.ts'
import { type Input, noInput } from './input.ts'
import { Keyboard } from './keyboard.ts'
import { Meter, type Totals } from './meter.ts'
import { Output, Outputs } from './output.ts'
import { Pipe } from './pipe.ts'
import { PipedInput } from './piped-input.ts'
import type { RunOptions } from './run-options.ts'
import { Terminal } from './terminal.ts'

const keysHelp = 'Ctrl-A x quits · Ctrl-A h helps · Ctrl-A s shows status · Ctrl-A a sends Ctrl-A'
const titleMilliseconds = 1000
/** What a shell says of a command whose reader has gone: 128 and SIGPIPE. */
const brokenPipe = 141

/** Our own stdin, stdout and stderr, as the guest's. */
export class Host {
  readonly #stdout = new Output(1)
  readonly #stderr = new Output(2)
  readonly #outputs = new Outputs()
  readonly input: Input
  readonly #ending: Ending
  readonly #meter = new Meter()
  readonly #isCommand: boolean
  /** How far the run is, for who asks. */
  totals: () => Totals = () => ({ milliseconds: 0, guestTime: 0, instructions: 0, exits: 0 })
  #terminal: Terminal | undefined
  #pipe: Pipe | undefined
  #titleAt = 0

  constructor(options: Pick<RunOptions, 'exec'>, ending: Ending, bell: Bell) {
    this.#ending = ending
    this.#isCommand = options.exec !== undefined
    if (this.#isCommand) this.input = noInput
    else this.input = process.stdin.isTTY ? this.#openTerminal(bell) : this.#openPipe(bell)
  }

  /** Takes a byte of the guest's, to be written when it is attended to. */
  put(to: 'stdout' | 'stderr', byte: number): void {
    this.#outputs.put(to === 'stdout' ? this.#stdout : this.#stderr, byte)
  }

  /** Between slices: what the guest wrote goes out, and the rest of the world is looked after. */
  async attend(): Promise<void> {
    const { isBetweenLines } = this.#stdout
    await this.drain()
    this.#noticeClosed()
    this.#pipe?.pump()
    // a title in the middle of a control sequence of the guest's would break both
    if (isBetweenLines) this.#showTitle()
  }

  /** What the guest wrote last, unless a person is tired of waiting. */
  async drain(): Promise<void> {
    const gone = () => this.#ending.wish !== undefined
    await this.#outputs.drain(gone)
  }

  #noticeClosed(): void {
    const { failure } = this.#stdout
    if (failure !== undefined) this.#ending.want({ kind: 'failed', says: `stdout: ${failure}` })
    else if (this.#stdout.isUnread || this.#stderr.isUnread)
      this.#ending.want({ kind: 'closed', status: this.#isCommand ? brokenPipe : 0 })
  }

  close(): void {
    this.#terminal?.close()
    this.#pipe?.close()
  }

  #openTerminal(bell: Bell): Input {
    const keyboard = new Keyboard({
      quit: () => this.#ending.want({ kind: 'quit' }),
      help: () => this.#terminal?.say(keysHelp),
      status: () => this.#terminal?.say(this.#meter.status(this.totals())),
    })
    const onKeys = (bytes: Uint8Array): void => {
      keyboard.take(bytes)
      bell.ring()
    }
    this.#terminal = new Terminal(onKeys, () => this.#ending.want({ kind: 'signal', name: 'SIGHUP' }))
    return keyboard
  }

  #openPipe(bell: Bell): Input {
    const input = new PipedInput()
    this.#pipe = new Pipe(input, bell.ring)
    return input
  }

  #showTitle(): void {
    if (this.#terminal === undefined || performance.now() - this.#titleAt < titleMilliseconds) return
    this.#titleAt = performance.now()
    this.#terminal.title = `vmm: ${this.#meter.status(this.totals())}`
  }
}
