import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeScratch, scratch } from '@vmm/scratch'
import { kernel, kernel32 } from './engine/kernel.ts'
import { workloads, workloads32 } from './engine/workloads.ts'
import { qemu } from './peers.ts'
import { keep, rounded } from './results.ts'
import { type Cost, median, timed } from './timed.ts'

const runs = 3
const memory = 128
const main = fileURLToPath(import.meta.resolve('@vmm/runner/main'))
/** The debug exit with the value 0. */
const success = 1

interface Row {
  readonly name: string
  readonly instructions: number
  readonly ours: number
  readonly peer: number | undefined
}

async function costOf(command: string, args: readonly string[]): Promise<number> {
  const costs: Cost[] = []
  for (let run = 0; run < runs; run += 1) costs.push(await timed(command, args))
  const wrong = costs.find(({ status }) => status !== success)
  if (wrong !== undefined) throw new Error(`${command} ${args.join(' ')}: ended with ${wrong.status}`)
  return median(costs.map(({ cpuSeconds }) => cpuSeconds))
}

async function measured(name: string, scratch: string): Promise<Row> {
  const [image, report] = [join(scratch, 'kernel'), join(scratch, 'report')]
  const narrow = workloads32[name]
  writeFileSync(image, narrow === undefined ? kernel(workloads[name]!) : kernel32(narrow))
  const ours = await costOf(process.execPath, [main, 'run', image, '--memory', `${memory}M`, '--report', report])
  const { instructions } = JSON.parse(readFileSync(report, 'utf8')) as { instructions: number }
  const peer = qemu()
  if (peer === undefined) return { name, instructions, ours, peer: undefined }
  const exit = ['-device', 'isa-debug-exit,iobase=0xf4']
  return {
    name,
    instructions,
    ours,
    peer: await costOf(peer.command, [...peer.args(memory), ...exit, '-kernel', image]),
  }
}

/** Two digits that count, at least: small ratios are the good ones. */
const ratio = (value: number): number => rounded(value, value < 1 ? 2 : 1)

/** What is left of a row when starting and ending cost nothing. */
function line(row: Row, nothing: Row): Record<string, string | number> {
  const ours = Math.max(row.ours - nothing.ours, 0.01)
  const peer = row.peer === undefined ? undefined : Math.max(row.peer - nothing.peer!, 0.01)
  return {
    name: row.name,
    'million instructions': rounded(row.instructions / 1e6, 1),
    'CPU seconds': rounded(ours, 2),
    MIPS: rounded(row.instructions / ours / 1e6, 0),
    ...(peer === undefined ? {} : { 'QEMU TCG': rounded(peer, 2), ratio: ratio(ours / peer) }),
  }
}

/** Small kernels, each of which does one thing many times, beside QEMU where it is installed. The start is subtracted. */
export async function benchEngine(only: readonly string[]): Promise<void> {
  const place = scratch('bench')
  try {
    const nothing = await measured('nothing', place)
    const names = [...Object.keys(workloads), ...Object.keys(workloads32)].filter(
      (name) => name !== 'nothing' && (only.length === 0 || only.includes(name)),
    )
    const rows: Record<string, string | number>[] = []
    for (const name of names) rows.push(line(await measured(name, place), nothing))
    console.table(rows)
    console.log(`starting and ending: ${nothing.ours.toFixed(2)} CPU seconds, subtracted above`)
    if (only.length === 0) keep('engine', { runs, start: nothing, rows })
  } finally {
    removeScratch(place)
  }
}
