import type { Scenario } from './scenario.ts'
import { type Action, actionOf, type Bases, bytesOf, mapped, pageOf, ramBytes } from './step.ts'
import { hexOf, type Raw } from './tell.ts'

/** Where the probe's process has the memory that guests' memory is made of. */
export const ram = 0x20_0000_0000n
const firstFile = 100

/** How the probe is told what to do: its lines, and which of the lines that it prints answer a step. */
export interface Script {
  readonly lines: readonly string[]
  /** For each line that it prints of a scenario: the step that it answers, or -1. */
  readonly answers: readonly (readonly number[])[]
}

const hex = (value: bigint | number): string => value.toString(16)

/** Files have names in scenarios; to a process they are numbers, those of a scenario in the order in which they are named. */
export class Files {
  readonly #names: readonly string[]

  constructor({ steps }: Scenario) {
    const actions = steps.map((step) => actionOf(step, { ram: 0n, fd: () => 0 }))
    const named = actions.flatMap((action) => [
      ...('into' in action && action.into !== undefined ? [action.into] : []),
      ...('file' in action ? [action.file] : []),
      ...('of' in action ? [action.of] : []),
    ])
    this.#names = [...new Set(['sys', ...named])]
  }

  /** @throws {RangeError} if no step names it. */
  place(name: string): number {
    const place = this.#names.indexOf(name)
    if (place < 0) throw new RangeError(`there is no file ${name}`)
    return place
  }

  /** The place for the probe. */
  number(name: string): string {
    return hex(this.place(name))
  }

  /** What the process knows a file by. */
  fd(name: string): number {
    return firstFile + this.place(name)
  }

  /** The file that the process knows by a number. */
  name(fd: number): string | undefined {
    return this.#names[fd - firstFile]
  }
}

/** What the steps of a scenario mean to the probe. */
export function probeBases(files: Files): Bases {
  return { ram, fd: (name) => files.fd(name) }
}

/** All scenarios as what the probe reads. */
export function scriptOf(scenarios: readonly Scenario[]): Script {
  const lines: string[] = []
  const answers = scenarios.map((scenario) => {
    const files = new Files(scenario)
    const before = [...mapped, [ram, ramBytes] as const].map(([at, bytes]) => `M ${hex(at)} ${hex(bytes)}`)
    lines.push(`S ${scenario.name}`, 'O 0', ...before)
    const printed = scenario.steps.map((step, nth) => {
      const told = linesFor(actionOf(step, probeBases(files)), files)
      lines.push(...told)
      return told.map((_, at) => (at === told.length - 1 ? nth : -1))
    })
    return [-1, ...before.map(() => -1), ...printed.flat()]
  })
  return { lines, answers }
}

/** A step in the probe's words: the last of its lines prints the answer. */
function linesFor(action: Action, files: Files): readonly string[] {
  const file = 'file' in action ? files.number(action.file) : ''
  switch (action.does) {
    case 'call': {
      const { into, request, argument, writes, watch, by } = action
      const asked = `${file} ${hex(request)} ${hex(argument)}`
      const before = writes.map(({ at, bytes }) => `W ${hex(at)} ${hexOf(bytes)}`)
      if (by === 'another') return [...before, `N ${asked}`]
      return [
        ...before,
        `C ${into === undefined ? '-' : files.number(into)} ${asked} ${hex(watch.at)} ${hex(watch.length)}`,
      ]
    }
    case 'run':
      return [`R ${file} ${hex(pageOf(action.file))}`]
    case 'await':
      return [`J ${file} ${hex(pageOf(action.file))}`]
    case 'write':
      return action.writes.map(({ at, bytes }) => `W ${hex(at)} ${hexOf(bytes)}`)
    case 'look':
      return [`P ${hex(action.watch.at)} ${hex(action.watch.length)}`]
    case 'dup':
      return [`D ${file} ${files.number(action.of)}`]
    case 'signal-event':
      return [`V ${file} ${hex(action.value)}`]
    case 'read':
      return [`I ${file} ${hex(action.length)}`]
    case 'mmap':
      return [`A ${file} ${hex(action.offset)} ${hex(action.length)} ${hex(action.at)} ${action.how}`]
    case 'protect':
      return [`Q ${hex(action.at)} ${hex(action.length)} ${action.how}`]
    case 'map':
    case 'unmap':
      return [`${action.does === 'map' ? 'M' : 'U'} ${hex(action.at)} ${hex(action.length)}`]
    case 'block':
    case 'kill':
      return [`${action.does === 'block' ? 'B' : 'K'} ${hex(action.signal)}`]
    case 'pending':
      return ['G']
    case 'wait':
      return [`Z ${hex(action.milliseconds)}`]
    default:
      return [`${{ open: 'O', close: 'X', eventfd: 'E', poll: 'L', begin: 'T' }[action.does]} ${file}`]
  }
}

/** What the probe printed, and what it says of the machine that it ran on. */
export interface Printed {
  readonly release: string
  readonly machine: readonly string[]
  readonly scenarios: ReadonlyMap<string, readonly string[]>
}

/**
 * Reads what the probe printed, whatever a machine printed around it.
 * @throws {RangeError} if it does not go from `begin` to `end`.
 */
export function readPrinted(text: string): Printed {
  const lines = text.replaceAll('\r', '').split('\n')
  const begin = lines.findIndex((line) => line.startsWith('begin '))
  const end = lines.indexOf('end', begin)
  if (begin < 0 || end < 0) throw new RangeError('what the probe printed does not go from begin to end')
  const told = lines.slice(begin + 1, end)
  const first = told.findIndex((line) => line.startsWith('= '))
  const scenarios = new Map<string, string[]>()
  let current: string[] = []
  for (const line of first < 0 ? [] : told.slice(first)) {
    if (line.startsWith('= ')) {
      current = []
      scenarios.set(line.slice(2), current)
    } else current.push(line)
  }
  return { release: (lines[begin] ?? '').slice(6), machine: first < 0 ? told : told.slice(0, first), scenarios }
}

/** A line that the probe printed for a step. */
export function rawOf(action: Action, line: string): Raw {
  if (action.does === 'pending') return { result: 0, text: line.trim() }
  if (action.does === 'look') return { result: 0, bytes: bytesOf(line) }
  const [result = '', bytes, data] = line.split(' ')
  return {
    result: Number(result),
    bytes: bytes === undefined || bytes === '' ? undefined : bytesOf(bytes),
    data: data === undefined ? undefined : bytesOf(data),
  }
}
