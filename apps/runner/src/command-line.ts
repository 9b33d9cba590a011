import { readFileSync } from 'node:fs'
import { parseAdded } from './added-files.ts'
import { parseEngine } from './engine-choice.ts'
import { type Given, parseFlags } from './flags.ts'
import { generalHelp, runHelp } from './help.ts'
import { releaseNamed } from './kvm-release.ts'
import { suggestion } from './nearest.ts'
import { shown } from './printable.ts'
import { processorNamed } from './processor.ts'
import { parseCpus, parseMemory, parseSeconds, parseWhole, type RunOptions } from './run-options.ts'
import { cpuForThreads, parseSmp } from './smp-choice.ts'
import { tellHelp } from './tell/help.ts'
import { parseTrace } from './trace.ts'
import { UsageError } from './usage-error.ts'

/** What the arguments ask for. */
export type Command =
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'run'; readonly options: RunOptions }
  | { readonly kind: 'tell'; readonly command: TellCommand; readonly args: readonly string[] }

/** A command that tells something and runs nothing. */
export type TellCommand = keyof typeof tellHelp

const isTelling = (command: string): command is TellCommand => Object.hasOwn(tellHelp, command)
const commands = ['run', ...Object.keys(tellHelp), 'help']

/**
 * Reads the arguments.
 * @throws {UsageError} with one line that names what was wrong and what was expected.
 */
export function parse(args: readonly string[]): Command {
  const [command, ...rest] = args
  switch (command) {
    case undefined:
    case '--help':
    case '-h':
      return print(generalHelp, command ?? '', rest)
    case 'help':
      return parseHelp(rest)
    case '--version':
    case '-V':
      return print(version(), command, rest)
    case 'run':
      return parseRun(rest)
    default: {
      if (isTelling(command)) return parseTell(command, rest)
      const [what, words] = command.startsWith('-') ? ['flag', ['--help', '--version']] : ['command', commands]
      throw new UsageError(`unknown ${what} ${command}${suggestion(command, words as string[])} (see vmm --help)`)
    }
  }
}

function parseHelp([command, ...rest]: readonly string[]): Command {
  if (command === undefined) return print(generalHelp, 'help', rest)
  if (command === 'run') return print(runHelp, 'help run', rest)
  if (isTelling(command)) return print(tellHelp[command], `help ${command}`, rest)
  throw new UsageError(`unknown command ${command}${suggestion(command, commands)} (see vmm --help)`)
}

function parseTell(command: TellCommand, args: readonly string[]): Command {
  const help = args.includes('--help') || args.includes('-h')
  return help ? { kind: 'print', text: tellHelp[command] } : { kind: 'tell', command, args }
}

/** @throws {UsageError} if there is more than was asked for. */
function print(text: string, after: string, [surplus]: readonly string[]): Command {
  if (surplus !== undefined) throw new UsageError(`expected nothing after ${after}, got ${shown(surplus)}`)
  return { kind: 'print', text }
}

/** Versions of vmm, Node and V8, one line. */
function version(): string {
  const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return `vmm ${own.version}, Node ${process.versions.node}, V8 ${process.versions.v8}\n`
}

function parseRun(args: readonly string[]): Command {
  const { values, positionals } = parseFlags(args)
  if (values.help === true) return { kind: 'print', text: runHelp }
  return { kind: 'run', options: optionsOf(values, imageOf(values, positionals)) }
}

function imageOf({ kernel }: Given['values'], positionals: readonly string[]): string | undefined {
  if (positionals.length > 1) throw new UsageError(`one image at most, got ${positionals.join(' and ')}`)
  const [image] = positionals
  if (image !== undefined && kernel !== undefined)
    throw new UsageError(`IMAGE ${image} and --kernel ${kernel} are one thing: give one`)
  return image ?? kernel
}

function optionsOf(values: Given['values'], image: string | undefined): RunOptions {
  const kernel = releaseNamed(values.kvm)
  const cpus = parseCpus(values.cpus)
  const engine = parseEngine(values)
  const smp = parseSmp(values, engine)
  const { cpu = 'default' } = values
  return {
    image,
    initrd: values.initrd,
    add: (values.add ?? []).map(parseAdded),
    append: values.append,
    memorySize: parseMemory(values.memory ?? '512M'),
    cpus,
    smp,
    kernel,
    table: processorNamed(smp === 'threads' ? cpuForThreads(cpu) : cpu, kernel, cpus),
    engine,
    exec: values.exec,
    console: values.console === true,
    maxInstructions: parseWhole('--max-instructions', values['max-instructions']),
    timeout: parseSeconds('--timeout', values.timeout),
    clock: smp === 'threads' ? 'real' : clockOf(values),
    reboot: values.reboot === true,
    trace: values.trace === undefined ? undefined : parseTrace(values.trace),
    report: values.report,
    profile: values.profile,
    stats: values.stats === true,
  }
}

/** A person at a terminal lives in real time; everything else is to be repeatable. */
function clockOf({ clock, exec }: Given['values']): 'real' | 'virtual' {
  if (clock === undefined) return exec === undefined && process.stdin.isTTY ? 'real' : 'virtual'
  if (clock !== 'real' && clock !== 'virtual') throw new UsageError(`--clock ${shown(clock)}: expected real or virtual`)
  return clock
}
