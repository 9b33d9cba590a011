import { readFileSync, writeFileSync } from 'node:fs'
import { type Limit, verdict } from './limits.ts'
import type { Measured } from './measured.ts'
import { limitText, secondsOf } from './table.ts'

/** What `results/engine.json` holds. */
export interface Kept {
  readonly date: string
  readonly machine: { readonly cpu?: string; readonly cores: number; readonly node: string }
  readonly runs: number
  readonly versions: Readonly<Record<string, string>>
  readonly rows: readonly Measured[]
  readonly limits: readonly Limit[]
}

const [opening, closing] = ['<!-- pnpm bench engine writes this -->', '<!-- to here -->']
const page = new URL('../../../../README.md', import.meta.url)

/** The part of a page between the two marks, in other words. */
export function replaced(text: string, block: string): string {
  const [from, to] = [text.indexOf(opening), text.indexOf(closing)]
  if (from < 0 || to < from) throw new Error(`no place for the numbers: ${opening} … ${closing}`)
  return `${text.slice(0, from)}${opening}\n${block}\n${text.slice(to)}`
}

/** The numbers as the README shows them: picture, limits, and the table behind a fold. */
export function block({ date, machine, runs, versions, rows, limits }: Kept): string {
  const names = Object.values(versions).join(', ')
  const told = runs === 1 ? 'one run' : `medians of ${runs} runs`
  return [
    '',
    `\`pnpm bench engine\`, ${date}, on ${machine.cores} cores of an ${machine.cpu ?? 'unknown processor'}, ${told}: ${names}.`,
    'CPU seconds of whole processes, compiler threads included; a bar to the left is a guest that takes us less of them than the peer.',
    'Each guest has run before, Linux in two starts and the others to find out how long they take: what a vmm keeps of that is there.',
    '',
    '![Ratios of CPU time, row by row](tooling/bench/results/engine.svg)',
    '',
    ...limits.map((limit) => `- ${limitText(limit)} – ${verdict(limit)}`),
    '',
    '<details><summary>All rows</summary>',
    '',
    '| | 64-bit: vmm | QEMU | ratio | 32-bit: vmm | v86 | QEMU | ratio to v86 |',
    '|---|---|---|---|---|---|---|---|',
    ...lines(rows),
    '',
    '</details>',
    '',
  ].join('\n')
}

function lines(rows: readonly Measured[]): readonly string[] {
  return [...new Set(rows.map(({ name }) => name))].map((name) => {
    const of = (width: number) => rows.find((row) => row.name === name && row.width === width)
    const [wide, narrow] = [of(64), of(32)]
    const seconds = (row: Measured | undefined, peer: string) => (row && secondsOf(row, peer)) ?? ''
    const cells = [
      (wide ?? narrow)!.says,
      ...[seconds(wide, 'vmm'), seconds(wide, 'qemu'), wide?.ratios['qemu'] ?? ''],
      ...[seconds(narrow, 'vmm'), seconds(narrow, 'v86'), seconds(narrow, 'qemu'), narrow?.ratios['v86'] ?? ''],
    ]
    return `| ${cells.join(' | ')} |`
  })
}

/** Writes the numbers into the README. */
export function writePage(kept: Kept): void {
  writeFileSync(page, replaced(readFileSync(page, 'utf8'), block(kept)))
}
