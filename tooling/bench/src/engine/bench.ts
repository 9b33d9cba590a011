import type { Width } from './guests/words.ts'
import { bootRun, type LinuxGuest, linuxGuest, linuxRun } from './linux/inside.ts'
import { type LinuxLoad, linuxLoads } from './linux/loads.ts'
import { differenceOf, type Measured, outcomeOf, ratiosOf } from './measured.ts'
import type { Options } from './options.ts'
import { canRun, type Peer } from './peers.ts'
import { type Row, rows } from './rows.ts'
import { type Failure, isFailure, type Sample, sample } from './samples.ts'
import { roundsFor } from './sizes.ts'

type Results = Record<string, (Sample | Failure)[]>

/** One guest of one width, and what it cost so far, by peer. */
interface Task {
  readonly row: Row
  readonly width: Width
  readonly rounds: number
  readonly results: Results
}

/** What is run inside Linux, after the boot, and what each cost so far. */
interface LinuxTask {
  readonly guest: LinuxGuest
  readonly loads: readonly LinuxLoad[]
  readonly results: Readonly<Record<string, Results>>
}

/** All that is measured, with what was found. */
export interface Bench {
  readonly options: Options
  readonly place: string
  readonly tasks: readonly Task[]
  readonly linux: LinuxTask | undefined
}

const asks = (peer: Peer, { row, width }: Task, run: number): boolean =>
  canRun(peer, width, row.load.cpus ?? 1) && run <= (peer.runs ?? Number.POSITIVE_INFINITY)

const wanted = ({ only }: Options, name: string): boolean => only.length === 0 || only.includes(name)

/** Every row and width that was asked for, with its size. */
export async function planned(options: Options, place: string): Promise<Bench> {
  const tasks: Task[] = []
  for (const width of [64, 32] as const)
    for (const row of rows) {
      if (!row.widths.includes(width) || !wanted(options, row.name)) continue
      progress(`how many rounds: ${row.name} ${width}`, `how many rounds, ${width}-bit guests`)
      tasks.push({ row, width, rounds: await roundsFor(row, width, options, place), results: {} })
    }
  return { options, place, tasks, linux: await linuxTask(options, place) }
}

async function linuxTask(options: Options, place: string): Promise<LinuxTask | undefined> {
  const loads = linuxLoads.filter(({ name }) => wanted(options, name))
  if (loads.length === 0 && !wanted(options, 'boot')) return undefined
  const results = Object.fromEntries(['boot', ...loads.map(({ name }) => name)].map((name) => [name, {}]))
  for (const { settle } of options.peers) settle?.()
  return { guest: await linuxGuest(loads, place), loads, results }
}

/** A boot takes a few seconds, and not always as many: there are more of them than of what is done in it. */
const bootsBeside = 2

/** Everything once, peer after peer. */
export async function run({ options, tasks, linux, place }: Bench, number: number): Promise<void> {
  for (const task of tasks)
    for (const peer of options.peers) {
      if (!asks(peer, task, number)) continue
      const { row, width, results } = task
      const part = `run ${number} of ${options.runs}: ${width}-bit guests`
      progress(`${part}: ${row.name}, ${peer.name}`, part)
      noted(results, peer, `${row.name} ${width}`, await asked(task, peer, { options, place }))
    }
  for (const peer of linux === undefined ? [] : options.peers.filter(({ boot }) => boot !== undefined)) {
    progress(`run ${number} of ${options.runs}: Linux, ${peer.name}`)
    const found = await linuxRun(peer, linux!.guest, linux!.loads)
    for (const [name, result] of Object.entries(found)) noted(linux!.results[name]!, peer, name, result)
    for (let boot = 0; boot < bootsBeside; boot += 1)
      noted(linux!.results['boot']!, peer, 'boot', await bootRun(peer, linux!.guest))
  }
  progress('')
}

/** One run of a peer. Who does only a part of the rounds is held to what another computes in as many. */
async function asked(
  { row, width, rounds }: Task,
  peer: Peer,
  { options, place }: Pick<Bench, 'options' | 'place'>,
): Promise<Sample | Failure> {
  const size = Math.max(1, Math.round(rounds * peer.part))
  let result = await sample(row, width, size, peer, place)
  for (let attempt = 1; isFailure(result) && attempt < (peer.attempts ?? 1); attempt += 1)
    result = await sample(row, width, size, peer, place)
  const other = options.peers.find((each) => each.part === 1 && canRun(each, width, row.load.cpus ?? 1))
  if (peer.part === 1 || other === undefined || isFailure(result)) return result
  const same = await sample(row, width, size, other, place)
  if (isFailure(same) || same.sum === result.sum) return result
  return { failure: `computed ${result.sum}, and ${other.name} ${same.sum}` }
}

function noted(results: Results, peer: Peer, what: string, result: Sample | Failure): void {
  if (isFailure(result)) console.error(`${what}, ${peer.name}: ${result.failure}`)
  results[peer.name] ??= []
  results[peer.name]!.push(result)
}

/** What was found so far, as rows of a table. */
export function measuredRows({ tasks, linux }: Bench): readonly Measured[] {
  const own = tasks.map(({ row: { name, says, kind, apart = false }, width, results }) =>
    measuredOf({ name, says, kind, apart, width }, results),
  )
  const boot = { name: 'boot', says: 'Linux from start to shell' }
  const inside = [boot, ...(linux?.loads ?? [])].map(({ name, says }) =>
    measuredOf({ name, says, kind: 'linux', apart: false, width: 64 }, linux?.results[name] ?? {}),
  )
  return [...own, ...inside].filter(({ peers }) => Object.keys(peers).length > 0)
}

function measuredOf(about: Omit<Measured, 'peers' | 'ratios' | 'differs'>, results: Results): Measured {
  const outcomes = Object.fromEntries(Object.entries(results).map(([name, each]) => [name, outcomeOf(each)]))
  const differs = differenceOf(outcomes)
  const measured = { ...about, peers: outcomes, ratios: ratiosOf(outcomes) }
  return differs === undefined ? measured : { ...measured, differs }
}

let told = ''

/** What is being done: one line that the next one writes over, or where nobody watches a line for each `part`. */
function progress(text: string, part = text): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  else if (part !== told && part !== '') console.error(`${new Date().toTimeString().slice(0, 8)} ${part}`)
  told = part
}
