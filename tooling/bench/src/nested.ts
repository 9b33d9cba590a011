import { removeScratch, scratch } from '@vmm/scratch'
import type { Load } from './engine/guests/guest.ts'
import { vmmWithVmx } from './engine/peers.ts'
import { type Failure, isFailure, type Sample, sample } from './engine/samples.ts'
import { exits, inL2, sumOfExits } from './nested/in-l2.ts'
import { exitsUnderKvm, linuxBoots } from './nested/linux.ts'
import { bootRow, exitRow, type NestedRow, nestedRows } from './nested/rows.ts'
import { keep, rounded } from './results.ts'
import { median } from './timed.ts'

const runs = 3

/** What a row came to, beside the most that it may. */
interface Line {
  readonly name: string
  readonly measured: number | string
  readonly unit: string
  readonly 'at most': number
  readonly met: boolean
}

const lineOf = (name: string, measured: number, unit: string, atMost: number): Line => ({
  name,
  measured: rounded(measured, 3),
  unit,
  'at most': rounded(atMost, 3),
  met: measured <= atMost,
})

const failed = (name: string, { failure }: Failure, atMost: number): Line => ({
  name,
  measured: failure,
  unit: '',
  'at most': atMost,
  met: false,
})

const measure = (load: Load, rounds: number, place: string): Promise<Sample | Failure> =>
  sample({ load }, 64, rounds, vmmWithVmx(), place)

/** The middle of some ratios: L1 and L2 take turns, so that what else the machine does concerns both. */
async function ratioLine({ name, load, rounds, atMost }: NestedRow, place: string): Promise<Line> {
  const ratios: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const [l1, l2] = [await measure(load, rounds, place), await measure(inL2(load), rounds, place)]
    if (isFailure(l1)) return failed(name, l1, atMost)
    if (isFailure(l2)) return failed(name, l2, atMost)
    if (l1.sum !== l2.sum) return failed(name, { failure: `L2 computes ${l2.sum}, and L1 ${l1.sum}` }, atMost)
    ratios.push(l2.cpuSeconds / l1.cpuSeconds)
  }
  return lineOf(name, median(ratios), 'times L1', atMost)
}

async function exitLine(place: string): Promise<Line> {
  const { name, rounds, atMost } = exitRow
  const seconds: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const found = await measure(exits, rounds, place)
    if (isFailure(found)) return failed(name, found, atMost)
    if (found.sum !== sumOfExits(rounds)) return failed(name, { failure: `${found.sum} of ${rounds} exits` }, atMost)
    seconds.push(found.cpuSeconds)
  }
  return lineOf(name, (median(seconds) / rounds) * 1e6, 'µs', atMost)
}

/** Reported, with no limit. */
async function kvmLine(place: string): Promise<Line> {
  const [name, rounds, atMost] = [`${exitRow.name}, with KVM as L1`, exitRow.underKvm, Number.POSITIVE_INFINITY]
  const found = await exitsUnderKvm(rounds, place)
  return isFailure(found) ? failed(name, found, atMost) : lineOf(name, (found.cpuSeconds / rounds) * 1e6, 'µs', atMost)
}

async function bootLine(place: string): Promise<Line> {
  const { name, atMost } = bootRow
  const boots = await linuxBoots(place)
  return 'failure' in boots ? failed(name, boots, atMost) : lineOf(name, boots.l2 / boots.l1, 'times L1', atMost)
}

/** What a guest of a guest costs: exits, computing, walks, memory, and a boot. */
export async function benchNested(): Promise<void> {
  const place = scratch('bench')
  try {
    const rows = [await exitLine(place), await kvmLine(place)]
    for (const row of nestedRows) rows.push(await ratioLine(row, place))
    rows.push(await bootLine(place))
    console.table(rows)
    keep('nested', { runs, rows })
    if (rows.some(({ met }) => !met)) process.exitCode = 1
  } finally {
    removeScratch(place)
  }
}
