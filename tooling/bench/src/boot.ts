import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultGuest } from '@vmm/runner/default-guest'
import { execArchive } from '@vmm/runner/exec'
import { removeScratch, scratch } from '@vmm/scratch'
import { vmmCommand } from './command.ts'
import { qemu } from './peers.ts'
import { keep, rounded } from './results.ts'
import { type Cost, median, timed } from './timed.ts'

const runs = 5
const memory = 512

interface Row {
  readonly name: string
  readonly costs: readonly Cost[]
  readonly instructions?: number
}

/** Who is measured, run by run. */
interface Contender {
  readonly name: string
  readonly once: () => Promise<Cost>
  /** Known when it has run. */
  readonly instructions?: () => number
}

/** From process start to the shell having run a command and the machine being off. */
function ours(scratch: string): Contender {
  const report = join(scratch, 'report.json')
  const args = [vmmCommand(), 'run', '--memory', `${memory}M`, '--exec', 'true', '--report', report]
  return {
    name: 'vmm',
    once: () => timed(process.execPath, args),
    instructions: () => (JSON.parse(readFileSync(report, 'utf8')) as { instructions: number }).instructions,
  }
}

/** From process start to the end of the guest's first instruction. */
function start(): Contender {
  const args = [vmmCommand(), 'run', '--memory', `${memory}M`, '--max-instructions', '1']
  return { name: 'vmm, first instruction', once: () => timed(process.execPath, args), instructions: () => 1 }
}

/** The same kernel, initramfs and command under QEMU's translator. */
async function peer(scratch: string): Promise<Contender | undefined> {
  const found = qemu()
  if (found === undefined) return undefined
  const guest = await defaultGuest(() => {})
  const [kernel, initrd] = [join(scratch, 'kernel'), join(scratch, 'initrd')]
  writeFileSync(kernel, guest.kernel)
  const padding = new Uint8Array((4 - (guest.initrd.length % 4)) % 4)
  writeFileSync(initrd, Buffer.concat([guest.initrd, padding, execArchive('true', false)]))
  const guestArgs = ['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 quiet']
  return { name: 'QEMU TCG', once: () => timed(found.command, [...found.args(memory), ...guestArgs]) }
}

/** They take turns: whatever else the machine does meets all of them alike. */
async function rowsOf(contenders: readonly Contender[]): Promise<Row[]> {
  const costs = contenders.map((): Cost[] => [])
  for (let run = 0; run < runs; run += 1)
    for (const [index, { once }] of contenders.entries()) costs[index]!.push(await once())
  return contenders.map(({ name, instructions }, index) => {
    const known = instructions?.()
    return { name, costs: costs[index]!, ...(known === undefined ? {} : { instructions: known }) }
  })
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
    const contenders = [ours(place), start(), await peer(place)].filter((one) => one !== undefined)
    const measured = await rowsOf(contenders)
    const rows = measured.map(line)
    console.table(rows)
    const [own, , other] = measured
    const ratio = own && other && rounded(middle(own, 'cpuSeconds') / middle(other, 'cpuSeconds'), 2)
    if (ratio !== undefined) console.log(`CPU time: ${ratio} times QEMU TCG's`)
    keep('boot', { runs, rows, ratio })
  } finally {
    removeScratch(place)
  }
}
