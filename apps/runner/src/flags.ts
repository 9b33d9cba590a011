import { parseArgs } from 'node:util'
import { suggestion } from './nearest.ts'
import { UsageError } from './usage-error.ts'

/** The flags of `vmm run`. */
const flags = {
  help: { type: 'boolean', short: 'h' },
  kernel: { type: 'string' },
  initrd: { type: 'string' },
  add: { type: 'string', multiple: true },
  append: { type: 'string' },
  memory: { type: 'string', short: 'm' },
  cpu: { type: 'string' },
  cpus: { type: 'string' },
  kvm: { type: 'string' },
  smp: { type: 'string' },
  exec: { type: 'string' },
  console: { type: 'boolean' },
  'max-instructions': { type: 'string' },
  engine: { type: 'string' },
  'jit-threshold': { type: 'string' },
  check: { type: 'string' },
  timeout: { type: 'string' },
  clock: { type: 'string' },
  reboot: { type: 'boolean' },
  trace: { type: 'string' },
  report: { type: 'string' },
  profile: { type: 'string' },
  stats: { type: 'boolean' },
} as const

const mayRepeat: ReadonlySet<string> = new Set(['help', 'add'])

/** Flags as they were given, by name, and what is no flag. */
export type Given = ReturnType<typeof strictly>

/** @throws {UsageError} for flags that there are not, that lack a value or have one they do not take, or that come twice. */
export function parseFlags(args: readonly string[]): Given {
  const { tokens } = parseArgs({ args: [...args], options: flags, strict: false, allowPositionals: true, tokens: true })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName } = token
    if (!(name in flags)) {
      const words = Object.keys(flags).map((flag) => `--${flag}`)
      const near = rawName.startsWith('--') ? suggestion(rawName, words) : ''
      throw new UsageError(`unknown flag ${rawName}${near} (see vmm run --help)`)
    }
    if (seen.has(name) && !mayRepeat.has(name)) throw new UsageError(`--${name} is given twice: expected it once`)
    seen.add(name)
  }
  try {
    return strictly(args)
  } catch (error) {
    throw new UsageError(sentenceOf(error as Error))
  }
}

const strictly = (args: readonly string[]) => parseArgs({ args: [...args], options: flags, allowPositionals: true })

/** Node's own message, one line, in our words for flags. */
export function sentenceOf({ message }: Error): string {
  const first = message.split('\n')[0]!.replace(/\. (?:To specify|Did you).*/, '')
  const missing = /^Option '(?:-\w, )?(--[\w-]+) <value>' argument missing/.exec(first)
  if (missing !== null) return `${missing[1]}: expected a value after it`
  const needless = /^Option '(?:-\w, )?(--[\w-]+)' does not take an argument/.exec(first)
  if (needless !== null) return `${needless[1]} takes no value`
  const ambiguous = /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument is ambiguous/.exec(first)
  return ambiguous === null ? first : `${ambiguous[1]}: its value begins with a dash; expected ${ambiguous[1]}=VALUE`
}
