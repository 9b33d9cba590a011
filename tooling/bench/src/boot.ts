import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultGuest } from '@vmm/runner/default-guest'
import { execArchive } from '@vmm/runner/exec'
import { type Cost, median, timed } from './timed.ts'

const runs = 3
const memory = 512
const main = fileURLToPath(import.meta.resolve('@vmm/runner/main'))
const results = fileURLToPath(new URL('../results/', import.meta.url))

interface Row {
  readonly name: string
  readonly costs: readonly Cost[]
  readonly instructions?: number
}

/** From process start to the shell having run a command and the machine being off. */
async function ours(scratch: string): Promise<Row> {
  const [costs, counts]: [Cost[], number[]] = [[], []]
  for (let run = 0; run < runs; run += 1) {
    const report = join(scratch, `report-${run}.json`)
    costs.push(
      await timed(process.execPath, [main, 'run', '--memory', `${memory}M`, '--exec', 'true', '--report', report]),
    )
    counts.push((JSON.parse(readFileSync(report, 'utf8')) as { instructions: number }).instructions)
  }
  return { name: 'vmm', costs, instructions: median(counts) }
}

/** The same kernel, initramfs and command under QEMU's translator. */
async function qemu(scratch: string): Promise<Row | undefined> {
  if (spawnSync('qemu-system-x86_64', ['--version']).status !== 0) {
    console.log('qemu-system-x86_64 is not installed: no comparison')
    return undefined
  }
  const guest = await defaultGuest(() => {})
  const [kernel, initrd] = [join(scratch, 'kernel'), join(scratch, 'initrd')]
  writeFileSync(kernel, guest.kernel)
  const padding = new Uint8Array((4 - (guest.initrd.length % 4)) % 4)
  writeFileSync(initrd, Buffer.concat([guest.initrd, padding, execArchive('true', false)]))
  const serial = ['-serial', 'null', '-serial', 'null', '-serial', 'null', '-serial', 'null']
  const args = [
    '-accel',
    'tcg,thread=single',
    '-cpu',
    'max',
    '-m',
    `${memory}`,
    '-display',
    'none',
    '-no-reboot',
    '-monitor',
    'none',
    ...serial,
    '-kernel',
    kernel,
    '-initrd',
    initrd,
    '-append',
    'console=ttyS0 panic=-1 quiet',
  ]
  const costs: Cost[] = []
  for (let run = 0; run < runs; run += 1) costs.push(await timed('qemu-system-x86_64', args))
  return { name: 'QEMU TCG', costs }
}

function line({ name, costs, instructions }: Row): Record<string, string | number> {
  const cpu = median(costs.map(({ cpuSeconds }) => cpuSeconds))
  return {
    name,
    seconds: Number(median(costs.map(({ seconds }) => seconds)).toFixed(2)),
    'CPU seconds': Number(cpu.toFixed(2)),
    'peak MB': Math.round(median(costs.map(({ peakBytes }) => peakBytes)) / 1e6),
    ...(instructions === undefined
      ? {}
      : { instructions, 'MIPS (CPU)': Number((instructions / cpu / 1e6).toFixed(0)) }),
  }
}

/** Boots the default guest to its shell, beside QEMU where it is installed. */
export async function benchBoot(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'vmm-bench-'))
  await defaultGuest((says) => console.log(says))
  const rows = [await ours(scratch), await qemu(scratch)].filter((row) => row !== undefined)
  const table = rows.map(line)
  console.table(table)
  const [own, peer] = rows.map(({ costs }) => median(costs.map(({ cpuSeconds }) => cpuSeconds)))
  const ratio = peer === undefined ? undefined : Number((own! / peer).toFixed(2))
  if (ratio !== undefined) console.log(`CPU time: ${ratio} times QEMU TCG's`)
  mkdirSync(results, { recursive: true })
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    arch: arch(),
    node: process.version,
    v8: process.versions.v8,
  }
  writeFileSync(
    join(results, 'boot.json'),
    `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine, runs, rows: table, ratio }, null, 2)}\n`,
  )
}
