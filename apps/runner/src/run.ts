import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { detect, type LoadedImage, loadImage } from '@vmm/boot'
import { builtInGuest } from '@vmm/built-in-guest'
import { exceptionAt } from '@vmm/x86-registers'
import { Console } from './console.ts'
import { defaultGuest } from './default-guest/guest.ts'
import { GuestUnavailable } from './default-guest/unavailable.ts'
import { ExecStatus, execArchive, execPorts } from './exec.ts'
import { type End, Machine } from './machine.ts'
import { type RunOptions, UsageError } from './run-options.ts'
import { Tracer } from './trace.ts'

const sliceInstructions = 2_000_000
const defaultCommandLine = 'console=ttyS0 panic=-1'

/** Exit statuses of `vmm run`; a debug exit gives odd ones. */
export const exitStatus = {
  success: 0,
  usage: 2,
  shutdown: 120,
  internal: 122,
  limit: 124,
  interrupted: 130,
  terminated: 143,
} as const

interface Input {
  readonly image: Uint8Array
  readonly initrd: Uint8Array | undefined
  readonly commandLine: string
}

/** Why the loop stopped: the guest, a limit, or a person. */
type Outcome =
  | End
  | { readonly kind: 'limit'; readonly says: string }
  | { readonly kind: 'quit' }
  | { readonly kind: 'signal'; readonly status: number }

function readInput(path: string, what: string): Uint8Array {
  try {
    if (!statSync(path).isFile()) throw new UsageError(`${what} ${path}: not a file`)
    return readFileSync(path)
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code } = error as { code?: string }
    const why =
      code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'permission denied' : String((error as Error).message)
    throw new UsageError(`${what} ${path}: ${why}`)
  }
}

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  const start = Math.ceil(first.length / 4) * 4
  const all = new Uint8Array(start + second.length)
  all.set(first)
  all.set(second, start)
  return all
}

/** Kernel, initrd and command line, from files or from the default guest, with the command to run appended. */
async function gather(options: RunOptions, say: (line: string) => void): Promise<Input> {
  const own = options.image === undefined && options.initrd === undefined
  const guest = options.image === undefined ? await guestOrFallback(options, say) : undefined
  const image = options.image === undefined ? guest!.kernel : readInput(options.image, 'image')
  const multiboot = detect(image) === 'multiboot'
  if (options.exec !== undefined && multiboot)
    throw new UsageError('--exec: a multiboot image has no shell to run a command in')
  const given = options.initrd === undefined ? guest?.initrd : readInput(options.initrd, '--initrd')
  const base = multiboot ? '' : options.image === undefined ? defaultCommandLine : 'console=ttyS0'
  const quiet = options.exec !== undefined && !options.console ? ' quiet' : ''
  const commandLine = [base + quiet, options.append].filter((part) => part !== undefined && part !== '').join(' ')
  if (options.exec === undefined)
    return { image, initrd: given, commandLine: multiboot ? (options.append ?? '') : commandLine }
  if (given === undefined) throw new UsageError('--exec: an image of your own needs --initrd with a shell in it')
  const initrd = joined(given, execArchive(options.exec, !own))
  return { image, initrd, commandLine: own ? commandLine : `${commandLine} rdinit=/vmm/init` }
}

/** The default guest; where it cannot be had, the reason in one line and the guest that is always there. */
async function guestOrFallback(
  options: RunOptions,
  say: (line: string) => void,
): Promise<{ kernel: Uint8Array; initrd?: Uint8Array }> {
  try {
    return await defaultGuest(say)
  } catch (error) {
    if (!(error instanceof GuestUnavailable) || options.exec !== undefined || options.initrd !== undefined) throw error
    const own = existsSync('/boot') ? readdirSync('/boot').find((name) => name.startsWith('vmlinuz-')) : undefined
    const offer = own === undefined ? '' : `; --kernel /boot/${own} boots this system's own`
    say(`no default guest: ${error.message}${offer}; booting the built-in guest`)
    return { kernel: builtInGuest() }
  }
}

function loaded(input: Input, memorySize: number, machine: Machine): LoadedImage {
  const result = loadImage(input.image, {
    memorySize,
    commandLine: input.commandLine,
    ...(input.initrd === undefined ? {} : { initrd: input.initrd }),
    rsdp: machine.acpi().base,
  })
  if (result.kind === 'refused') throw new UsageError(result.says)
  return result
}

/** Runs a guest to its end. Gives the exit status. */
export async function run(options: RunOptions): Promise<number> {
  const started = performance.now()
  const input = await gather(options, (line) => process.stderr.write(`vmm: ${line}\n`))
  const status = new ExecStatus()
  const terminal = new Console({ exec: options.exec !== undefined, showConsole: options.console })
  let machine: Machine
  const tracer =
    options.trace === undefined && options.report === undefined
      ? undefined
      : new Tracer(options.trace, () => machine.now())
  for (;;) {
    machine = new Machine({
      ...(tracer === undefined ? {} : { trace: tracer.take }),
      memorySize: options.memorySize,
      table: options.table,
      onTransmit: (port, byte) => {
        if (port === 0) terminal.consoleByte(byte)
        else if (options.exec === undefined) return
        else if (port === execPorts.stdout) terminal.outputByte(byte)
        else if (port === execPorts.stderr) terminal.errorByte(byte)
        else status.receive(byte)
      },
    })
    machine.load(loaded(input, options.memorySize, machine))
    terminal.attach(machine)
    const outcome = await untilEnd(machine, options, terminal)
    if (outcome.kind === 'reset' && options.reboot) continue
    terminal.close()
    const code = statusOf(outcome, options, status.status)
    finish(outcome, options, machine, { milliseconds: performance.now() - started, exits: tracer?.counts ?? {} })
    return code
  }
}

/** Slices until something ends the run; between slices the event loop lives. */
async function untilEnd(machine: Machine, options: RunOptions, terminal: Console): Promise<Outcome> {
  const deadline = performance.now() + options.timeout * 1000
  for (;;) {
    const result = machine.slice(
      Math.min(sliceInstructions, Math.max(1, options.maxInstructions - machine.instructions)),
    )
    terminal.flush()
    if (result.kind === 'ended') return result.end
    if (machine.instructions >= options.maxInstructions)
      return { kind: 'limit', says: `${options.maxInstructions} instructions` }
    if (performance.now() >= deadline) return { kind: 'limit', says: `${options.timeout} seconds` }
    await nextTurn()
    if (terminal.wantsEnd !== undefined) return terminal.wantsEnd
    terminal.feed()
    if (result.kind === 'idle') await idle(machine, result.until, options, terminal)
  }
}

/** Nothing to run until a timer fires or input comes. */
async function idle(machine: Machine, until: number, options: RunOptions, terminal: Console): Promise<void> {
  if (terminal.fed) return
  if (options.clock === 'virtual' && until !== Number.POSITIVE_INFINITY) return machine.warpTo(until)
  const before = performance.now()
  const longest = until === Number.POSITIVE_INFINITY ? 1000 : (until - machine.now()) / 1e6
  await terminal.inputOr(sleep(Math.min(Math.max(longest, 0), 1000)))
  machine.warpTo(Math.min(until, machine.now() + (performance.now() - before) * 1e6))
}

function statusOf(outcome: Outcome, options: RunOptions, execStatus: number | undefined): number {
  switch (outcome.kind) {
    case 'power-off':
    case 'reset':
      if (options.exec === undefined) return exitStatus.success
      return execStatus ?? exitStatus.internal
    case 'debug-exit':
      return ((outcome.value << 1) | 1) & 0xff
    case 'shutdown':
      return exitStatus.shutdown
    case 'internal-error':
      return exitStatus.internal
    case 'limit':
      return exitStatus.limit
    case 'quit':
      return exitStatus.success
    case 'signal':
      return outcome.status
    default:
      return outcome satisfies never
  }
}

const named = (vector: number): string => {
  const name = exceptionAt(vector)
  return name === undefined ? `vector ${vector}` : `#${name}`
}

function sayEnd(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'shutdown':
      return `triple fault: ${outcome.because.map(({ vector, errorCode, rip }) => `${named(vector)}${errorCode === undefined ? '' : `(${errorCode.toString(16)})`} at ${rip.toString(16)}`).join(', ')}; ${outcome.state}`
    case 'internal-error':
      return `internal error: ${outcome.says}`
    case 'limit':
      return `limit reached: ${outcome.says}`
    default:
      return outcome.kind
  }
}

function finish(
  outcome: Outcome,
  options: RunOptions,
  machine: Machine,
  run: { readonly milliseconds: number; readonly exits: Readonly<Record<string, number>> },
): void {
  const seconds = run.milliseconds / 1000
  const { user, system } = process.cpuUsage()
  const report = {
    end: outcome.kind,
    says: sayEnd(outcome),
    exits: run.exits,
    instructions: machine.instructions,
    guestSeconds: machine.now() / 1e9,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    mips: machine.instructions / seconds / 1e6,
    peakMemory: process.resourceUsage().maxRSS * 1024,
  }
  if (options.report !== undefined) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`)
  const worthSaying = options.exec === undefined || !['power-off', 'reset'].includes(outcome.kind)
  if (worthSaying)
    process.stderr.write(
      `vmm: ${report.says} after ${report.instructions} instructions, ${seconds.toFixed(1)} s, ${report.mips.toFixed(0)} MIPS\n`,
    )
}
