import { rounded } from '../results.ts'
import { type Limit, verdict } from './limits.ts'
import type { Measured } from './measured.ts'

/** CPU seconds of everybody and ratios, a line for each load. */
export function printed(rows: readonly Measured[], limits: readonly Limit[]): void {
  console.table(rows.map(line))
  for (const { name, width, differs } of rows)
    if (differs !== undefined) console.log(`${name} ${width}: sums differ: ${differs}`)
  console.log('\nlimits, as ratios of CPU seconds:')
  for (const limit of limits) console.log(`  ${verdict(limit).padEnd(12)} ${limitText(limit)}`)
}

/** A limit as a line: what it is about, what was found, and what is to be reached. */
export function limitText({ says, value, row, atMost, atLeast, goal }: Limit): string {
  const found = value === undefined ? '' : `: ${value}${row === undefined || row === 'boot' ? '' : ` (${row})`}`
  const wanted = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
  return `${says}${found}, ${wanted}${goal === undefined ? '' : `, goal ${goal}`}`
}

/** What a peer took for as many rounds as we did. */
export function secondsOf({ peers }: Measured, peer: string): number | undefined {
  const [outcome, ours] = [peers[peer], peers['vmm']]
  if (outcome?.cpuSeconds === undefined) return undefined
  return rounded((outcome.cpuSeconds * (ours?.rounds ?? outcome.rounds!)) / outcome.rounds!, 2)
}

function line(row: Measured): Record<string, string | number> {
  const cells: Record<string, string | number> = { name: row.name, bits: row.width }
  for (const peer of Object.keys(row.peers)) cells[peer] = secondsOf(row, peer) ?? 'failed'
  const ours = row.peers['vmm']?.otherThreads
  if (ours !== undefined) cells['our threads'] = ours
  for (const [peer, ratio] of Object.entries(row.ratios)) cells[`/ ${peer}`] = ratio
  return cells
}
