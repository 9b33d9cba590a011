import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { removeScratch, scratch } from '@vmm/scratch'
import { type Bench, measuredRows, planned, run } from './engine/bench.ts'
import { measuredBeside } from './engine/beside.ts'
import { chart } from './engine/chart.ts'
import { limitsOf } from './engine/limits.ts'
import { linuxLoads } from './engine/linux/loads.ts'
import type { Outcome } from './engine/measured.ts'
import { BadOptions, type Options, optionsOf } from './engine/options.ts'
import { type Kept, writePage } from './engine/page.ts'
import { peers } from './engine/peers.ts'
import { rows } from './engine/rows.ts'
import { printed } from './engine/table.ts'
import { keep, kept } from './results.ts'

/** Small guests of ours, each of which does one thing many times, and Linux, beside whoever else can run them. */
export async function benchEngine(args: readonly string[]): Promise<void> {
  if (args.length === 1 && args[0] === '--draw') return drawn()
  const all = peers()
  const names = [...rows, { name: 'boot' }, ...linuxLoads].map(({ name }) => name)
  const options = checked(() => optionsOf(args, all, names))
  if (options === undefined) return
  for (const { says, absent } of all) console.log(absent === undefined ? says : `${absent}: no comparison`)
  const place = scratch('bench')
  try {
    const bench = await planned(options, place)
    for (let each = 1; each <= options.runs; each += 1) await run(bench, each)
    await told(bench, options, place)
  } finally {
    removeScratch(place)
  }
}

function checked(read: () => Options): Options | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof BadOptions)) throw error
    console.error(error.message)
    process.exitCode = 2
    return undefined
  }
}

const hasFailed = ({ failure }: Outcome): boolean => failure !== undefined

/** Prints what was found; keeps it if nothing was left out. */
async function told(bench: Bench, options: Options, place: string): Promise<void> {
  const { whole, runs, peers } = options
  const found = measuredRows(bench)
  const beside = whole ? await measuredBeside(options, cpus()[0]?.model ?? '', place) : {}
  const limits = limitsOf(found, beside)
  printed(found, limits)
  if (found.some(({ differs, peers }) => differs !== undefined || Object.values(peers).some(hasFailed)))
    process.exitCode = 1
  if (!whole) return
  const versions = Object.fromEntries(peers.map(({ name, says }) => [name, says]))
  keep('engine', { runs, versions, beside, limits, rows: found })
  drawn()
}

/** Draws the chart and writes the page anew from what is kept. */
function drawn(): void {
  const file = kept('engine')
  const all = JSON.parse(readFileSync(file.json, 'utf8')) as Kept
  writeFileSync(file.svg, chart(all.rows))
  writePage(all)
}
