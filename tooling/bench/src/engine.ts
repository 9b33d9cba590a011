import { removeScratch, scratch } from '@vmm/scratch'
import type { Width } from './engine/guests/words.ts'
import { differenceOf, type Measured, outcomeOf, ratiosOf } from './engine/measured.ts'
import { BadOptions, type Options, optionsOf } from './engine/options.ts'
import { type Peer, peers } from './engine/peers.ts'
import { type Row, rows } from './engine/rows.ts'
import { type Failure, isFailure, type Sample, sample } from './engine/samples.ts'
import { roundsFor } from './engine/sizes.ts'
import { printed } from './engine/table.ts'

/** One guest of one width, and what it cost so far. */
interface Task {
  readonly row: Row
  readonly width: Width
  readonly rounds: number
  readonly results: Readonly<Record<string, (Sample | Failure)[]>>
}

/** Small guests of ours, each of which does one thing many times, beside whoever else can run them. */
export async function benchEngine(args: readonly string[]): Promise<void> {
  const place = scratch('bench')
  try {
    const all = peers()
    const options = optionsOf(
      args,
      all,
      rows.map(({ name }) => name),
    )
    for (const { says, absent } of all) console.log(absent === undefined ? says : `${absent}: no comparison`)
    const tasks = await tasksOf(options, place)
    for (let run = 1; run <= options.runs; run += 1) for (const task of tasks) await oneRun(task, run, options, place)
    printed(tasks.map(measuredOf))
  } catch (error) {
    if (!(error instanceof BadOptions)) throw error
    console.error(error.message)
    process.exitCode = 2
  } finally {
    removeScratch(place)
  }
}

const asks = (peer: Peer, width: Width, run: number): boolean =>
  peer.widths.includes(width) && run <= (peer.runs ?? Number.POSITIVE_INFINITY)

/** Every row and width that was asked for, with its size. */
async function tasksOf(options: Options, place: string): Promise<readonly Task[]> {
  const tasks: Task[] = []
  for (const width of [64, 32] as const)
    for (const row of rows) {
      if (!row.widths.includes(width) || (options.only.length > 0 && !options.only.includes(row.name))) continue
      const rounds = await roundsFor(row, width, options, place)
      const asked = options.peers.filter((peer) => asks(peer, width, 1))
      tasks.push({ row, width, rounds, results: Object.fromEntries(asked.map(({ name }) => [name, []])) })
      progress(`size of ${row.name} ${width}: ${rounds}`)
    }
  return tasks
}

async function oneRun({ row, width, rounds, results }: Task, run: number, options: Options, place: string) {
  for (const peer of options.peers) {
    if (!asks(peer, width, run)) continue
    progress(`run ${run} of ${options.runs}: ${row.name} ${width}, ${peer.name}`)
    const result = await sample(row, width, Math.max(1, Math.round(rounds * peer.part)), peer, place)
    if (isFailure(result)) console.error(`${row.name} ${width}, ${peer.name}: ${result.failure}`)
    results[peer.name]!.push(result)
  }
}

function measuredOf({ row, width, results }: Task): Measured {
  const outcomes = Object.fromEntries(Object.entries(results).map(([name, each]) => [name, outcomeOf(each)]))
  const differs = differenceOf(outcomes)
  const { name, says, kind, unfair = false } = row
  const measured = { name, says, kind, width, unfair, peers: outcomes, ratios: ratiosOf(outcomes) }
  return differs === undefined ? measured : { ...measured, differs }
}

/** One line that the next one writes over; nothing where nobody watches. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
