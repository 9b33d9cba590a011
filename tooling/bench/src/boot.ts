import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultGuest } from '@vmm/runner/default-guest'
import { execArchive } from '@vmm/runner/exec'
import { removeScratch, scratch } from '@vmm/scratch'
import { qemu } from './peers.ts'
import { keep, rounded } from './results.ts'
import { type Cost, median, timed } from './timed.ts'

const runs = 3
const memory = 512
const main = fileURLToPath(import.meta.resolve('@vmm/runner/main'))

interface Row {
  readonly name: string
  readonly costs: readonly Cost[]
  readonly instructions?: number
}

/** From process start to the shell having run a command and the machine being off. */
async function ours(scratch: string): Promise<Row> {
  const report = join(scratch, 'report.json')
  const args = [main, 'run', '--memory', `${memory}M`, '--exec', 'true', '--report', report]
  const costs: Cost[] = []
  for (let run = 0; run < runs; run += 1) costs.push(await timed(process.execPath, args))
  const { instructions } = JSON.parse(readFileSync(report, 'utf8')) as { instructions: number }
  return { name: 'vmm', costs, instructions }
}

/** From process start to the end of the guest's first instruction. */
async function start(): Promise<Row> {
  const args = [main, 'run', '--memory', `${memory}M`, '--max-instructions', '1']
  const costs: Cost[] = []
  for (let run = 0; run < runs; run += 1) costs.push(await timed(process.execPath, args))
  return { name: 'vmm, first instruction', costs, instructions: 1 }
}

/** The same kernel, initramfs and command under QEMU's translator. */
async function peer(scratch: string): Promise<Row | undefined> {
  const found = qemu()
  if (found === undefined) return undefined
  const guest = await defaultGuest(() => {})
  const [kernel, initrd] = [join(scratch, 'kernel'), join(scratch, 'initrd')]
  writeFileSync(kernel, guest.kernel)
  const padding = new Uint8Array((4 - (guest.initrd.length % 4)) % 4)
  writeFileSync(initrd, Buffer.concat([guest.initrd, padding, execArchive('true', false)]))
  const guestArgs = ['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 quiet']
  const costs: Cost[] = []
  for (let run = 0; run < runs; run += 1) costs.push(await timed(found.command, [...found.args(memory), ...guestArgs]))
  return { name: 'QEMU TCG', costs }
}

const middle = ({ costs }: Row, what: 'seconds' | 'cpuSeconds' | 'threadSeconds' | 'peakBytes'): number =>
  median(costs.map((cost) => cost[what]))

function line(row: Row): Record<string, string | number> {
  const cpu = middle(row, 'cpuSeconds')
  const { instructions } = row
  return {
    name: row.name,
    seconds: rounded(middle(row, 'seconds'), 2),
    'CPU seconds': rounded(cpu, 2),
    'of it other threads': rounded(middle(row, 'threadSeconds'), 2),
    'peak MB': Math.round(middle(row, 'peakBytes') / 1e6),
    ...(instructions === undefined ? {} : { instructions, 'MIPS (CPU)': rounded(instructions / cpu / 1e6, 0) }),
  }
}

/** Boots the default guest to its shell, beside QEMU where it is installed. */
export async function benchBoot(): Promise<void> {
  const place = scratch('bench')
  try {
    await defaultGuest((says) => console.log(says))
    const [own, first, other] = [await ours(place), await start(), await peer(place)]
    const rows = [own, first, other].filter((row) => row !== undefined).map(line)
    console.table(rows)
    const ratio = other === undefined ? undefined : rounded(middle(own, 'cpuSeconds') / middle(other, 'cpuSeconds'), 2)
    if (ratio !== undefined) console.log(`CPU time: ${ratio} times QEMU TCG's`)
    keep('boot', { runs, rows, ratio })
  } finally {
    removeScratch(place)
  }
}
