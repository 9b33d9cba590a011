import { rounded } from '../results.ts'
import { geometricMean, type Measured } from './measured.ts'

/** CPU seconds of everybody and ratios, a line for each load. */
export function printed(rows: readonly Measured[]): void {
  console.table(rows.map(line))
  for (const { name, width, differs } of rows)
    if (differs !== undefined) console.log(`${name} ${width}: sums differ: ${differs}`)
  for (const [peer, width] of [
    ['qemu', 64],
    ['v86', 32],
  ] as const) {
    const ratios = rows.filter((row) => row.width === width && !row.unfair).flatMap((row) => row.ratios[peer] ?? [])
    if (ratios.length > 0)
      console.log(`${width}-bit rows, geometric mean: ${rounded(geometricMean(ratios), 2)} of ${peer}`)
  }
}

function line({ name, width, peers, ratios }: Measured): Record<string, string | number> {
  const cells: Record<string, string | number> = { name, bits: width }
  const rounds = peers['vmm']?.rounds
  for (const [peer, outcome] of Object.entries(peers)) {
    const { cpuSeconds, rounds: done } = outcome
    // as if all had done as many rounds as we did
    cells[peer] = cpuSeconds === undefined ? 'failed' : rounded((cpuSeconds * (rounds ?? done!)) / done!, 2)
  }
  const ours = peers['vmm']?.otherThreads
  if (ours !== undefined) cells['our threads'] = ours
  for (const [peer, ratio] of Object.entries(ratios)) cells[`/ ${peer}`] = ratio
  return cells
}
