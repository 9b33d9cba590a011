import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type BuiltTable, parseCpu } from '@vmm/cpuid'
import { generalHelp, runHelp } from './help.ts'
import { cpuidTable } from './machine.ts'
import { parseMemory, parsePositive, type RunOptions, UsageError } from './run-options.ts'
import { parseTrace } from './trace.ts'

export type Command =
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'run'; readonly options: RunOptions }

const flags = {
  help: { type: 'boolean', short: 'h' },
  kernel: { type: 'string' },
  initrd: { type: 'string' },
  append: { type: 'string' },
  memory: { type: 'string', short: 'm' },
  cpu: { type: 'string' },
  exec: { type: 'string' },
  console: { type: 'boolean' },
  'max-instructions': { type: 'string' },
  timeout: { type: 'string' },
  clock: { type: 'string' },
  reboot: { type: 'boolean' },
  trace: { type: 'string' },
  report: { type: 'string' },
} as const

/** Edits that turn one word into another: Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}

function nearest(word: string, words: readonly string[]): string | undefined {
  const best = words.map((candidate) => [distance(word, candidate), candidate] as const).sort((a, b) => a[0] - b[0])[0]
  return best !== undefined && best[0] <= Math.max(2, word.length / 3) ? best[1] : undefined
}

const version = (): string => {
  const { version: own } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return `vmm ${own}, Node ${process.versions.node}, V8 ${process.versions.v8}\n`
}

/** Reads the arguments. Throws a UsageError with one line that names what was wrong. */
export function parse(args: readonly string[]): Command {
  const [command, ...rest] = args
  if (command === undefined || command === '--help' || command === '-h' || command === 'help')
    return { kind: 'print', text: generalHelp }
  if (command === '--version' || command === '-V') return { kind: 'print', text: version() }
  if (command !== 'run') {
    const near = nearest(command, ['run', 'help'])
    throw new UsageError(
      `unknown command ${command}${near === undefined ? '' : `, did you mean ${near}?`} (see vmm --help)`,
    )
  }
  return parseRun(rest)
}

function parseRun(args: readonly string[]): Command {
  const unknown = args.map((arg) => /^--([^=]+)/.exec(arg)?.[1]).find((name) => name !== undefined && !(name in flags))
  if (unknown !== undefined) {
    const near = nearest(unknown, Object.keys(flags))
    throw new UsageError(
      `unknown flag --${unknown}${near === undefined ? '' : `, did you mean --${near}?`} (see vmm run --help)`,
    )
  }
  const { values, positionals } = parsed(args)
  if (values.help === true) return { kind: 'print', text: runHelp }
  if (positionals.length > 1) throw new UsageError(`one image at most, got ${positionals.join(' and ')}`)
  if (positionals.length === 1 && values.kernel !== undefined)
    throw new UsageError(`IMAGE ${positionals[0]} and --kernel ${values.kernel} are one thing: give one`)
  const clock = values.clock ?? (values.exec === undefined && process.stdin.isTTY ? 'real' : 'virtual')
  if (clock !== 'real' && clock !== 'virtual') throw new UsageError(`--clock ${clock}: expected real or virtual`)
  if (values.console === true && values.exec === undefined)
    throw new UsageError('--console shows the console beside --exec: give a command, or leave it out')
  return {
    kind: 'run',
    options: {
      image: positionals[0] ?? values.kernel,
      initrd: values.initrd,
      append: values.append,
      memorySize: parseMemory(values.memory ?? '512M'),
      table: tableOf(values.cpu ?? 'default'),
      exec: values.exec,
      console: values.console === true,
      maxInstructions:
        values['max-instructions'] === undefined
          ? Number.POSITIVE_INFINITY
          : parsePositive('--max-instructions', values['max-instructions']),
      timeout: values.timeout === undefined ? Number.POSITIVE_INFINITY : parsePositive('--timeout', values.timeout),
      clock,
      reboot: values.reboot === true,
      trace: values.trace === undefined ? undefined : parseTrace(values.trace),
      report: values.report,
    },
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]!.replace(/\. To specify.*/, ''))
  }
}

function tableOf(text: string): BuiltTable {
  const cpu = parseCpu(text)
  if (cpu.kind === 'refused') throw new UsageError(`--cpu: ${cpu.says}`)
  const { plus, minus } = cpu.features
  const table = cpuidTable(cpu.model, plus ?? [], minus ?? [])
  if (table.kind === 'refused') throw new UsageError(`--cpu: ${table.says}`)
  return table
}
