import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bochs, bochsStart, bootDisk } from '@vmm/guests'
import { vmmCommand } from '../command.ts'
import type { Width } from './guests/words.ts'
import type { LinuxGuest } from './linux/inside.ts'
import type { Start } from './watched.ts'

/** Someone who runs guests. */
export interface Peer {
  readonly name: string
  readonly says: string
  /** Why it cannot be asked, if it cannot. */
  readonly absent: string | undefined
  readonly widths: readonly Width[]
  /** Numbers of processors that it can have. */
  readonly cpus: readonly (1 | 2)[]
  /** Runs at most, and the part of a run's rounds: who is slow need not keep all others waiting. */
  readonly runs?: number
  /** How often it is asked before it counts as failed: for who does not always come up. */
  readonly attempts?: number
  readonly part: number
  readonly start: (image: string, cpus: 1 | 2) => Start
  /** How it boots Linux, where it is asked to. */
  readonly boot?: (guest: LinuxGuest) => Start
  /** Does what users have done by then, and what is not counted, for who keeps something of one start for the next. */
  readonly settle?: () => void
}

const memory = 256
const both = [32, 64] as const

/** The first start keeps the interpreter, the second one handlers that were emitted beside it; the third has both. */
const startsThatKeep = 2

/** Ways to run guests with several processors, as the runner's help has them. */
const help = (): string => spawnSync(process.execPath, [vmmCommand(), 'run', '--help'], { encoding: 'utf8' }).stdout

const ours = (image: string, cpus: number, more: readonly string[] = []): Start => ({
  command: process.execPath,
  args: [vmmCommand(), 'run', image, '--memory', `${memory}M`, ...(cpus === 1 ? [] : ['--cpus', `${cpus}`]), ...more],
})

/** `vmm` with a processor that has VMX. */
export const vmmWithVmx = (): Peer => ({
  ...vmm(''),
  start: (image, cpus) => ours(image, cpus, ['--cpu', 'max']),
})

const vmm = (knows: string): Peer => ({
  name: 'vmm',
  says: `vmm on Node ${process.version}`,
  absent: undefined,
  widths: both,
  cpus: knows.includes('--cpus') ? [1, 2] : [1],
  part: 1,
  start: (image, cpus) => ours(image, cpus),
  boot: ({ kernel, initrd, parameters, megabytes }) => ({
    command: process.execPath,
    args: [vmmCommand(), 'run', kernel, '--initrd', initrd, '--append', parameters, '--memory', `${megabytes}M`],
  }),
  settle: () => {
    for (let start = 0; start < startsThatKeep; start += 1)
      spawnSync(process.execPath, [vmmCommand(), 'run', '--exec', 'true'], { stdio: 'ignore' })
  },
})

/** The same with a thread for each processor, for guests that have two. */
const threads = (knows: string): Peer => ({
  name: 'threads',
  says: 'vmm --smp threads',
  absent: knows.includes('--smp') ? undefined : 'this vmm has no --smp threads',
  widths: [64],
  cpus: [2],
  part: 1,
  start: (image, cpus) => ours(image, cpus, ['--smp', 'threads']),
})

/** What QEMU is always told. */
const qemuArguments = (megabytes: number): readonly string[] => [
  ...['-accel', 'tcg,thread=single', '-cpu', 'max', '-m', `${megabytes}`, '-display', 'none', '-no-reboot'],
  ...['-monitor', 'none', '-serial', 'stdio'],
]
const qemuCommand = 'qemu-system-x86_64'

function firstLine(command: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === null ? undefined : (stdout.split('\n').find((line) => line.trim() !== '') ?? '')
}

function qemu(): Peer {
  const version = firstLine(qemuCommand, ['--version'])
  return {
    name: 'qemu',
    says: `QEMU TCG ${/version (\S+)/.exec(version ?? '')?.[1] ?? ''}`.trim(),
    absent: version === undefined ? `${qemuCommand} is not installed` : undefined,
    widths: both,
    cpus: [1, 2],
    part: 1,
    start: (image, cpus) => ({
      command: qemuCommand,
      args: [...qemuArguments(memory), '-smp', `${cpus}`, '-kernel', image],
    }),
    boot: ({ kernel, initrd, parameters, megabytes }) => ({
      command: qemuCommand,
      args: [...qemuArguments(megabytes), '-kernel', kernel, '-initrd', initrd, '-append', parameters],
    }),
  }
}

function v86(): Peer {
  const { version } = createRequire(import.meta.url)('v86/package.json') as { readonly version: string }
  const host = fileURLToPath(new URL('./v86-host.ts', import.meta.url))
  return {
    name: 'v86',
    says: `v86 ${version}`,
    absent: undefined,
    widths: [32],
    cpus: [1],
    part: 1,
    start: (image) => ({ command: process.execPath, args: [host, image, `${memory}`] }),
  }
}

/** So slow that a small part of a run says as much; once. */
function ofBochs(): Peer {
  const { absent } = bochs
  const { stdout, stderr } = spawnSync('bochs', ['--help', 'cpu'], { encoding: 'utf8' })
  return {
    name: 'bochs',
    says: `Bochs ${/Emulator (\S+)/.exec(`${stdout}${stderr}`)?.[1] ?? ''}`.trim(),
    absent,
    widths: both,
    cpus: [1],
    runs: 1,
    attempts: 3,
    part: 1 / 8,
    start: (image) => {
      const disk = `${image}.disk`
      writeFileSync(disk, bootDisk(readFileSync(image)))
      const start = bochsStart(disk, dirname(image))
      // what an ended one leaves behind keeps the next from starting
      for (const left of [start.output, `${disk}.lock`]) rmSync(left, { force: true })
      return start
    },
  }
}

/** All that may be asked, whether they can be or not. */
export function peers(): readonly Peer[] {
  const knows = help()
  return [vmm(knows), threads(knows), qemu(), v86(), ofBochs()]
}

/** Whether a peer can run a guest with such code and so many processors. */
export const canRun = (peer: Peer, width: Width, cpus: 1 | 2): boolean =>
  peer.widths.includes(width) && peer.cpus.includes(cpus)
