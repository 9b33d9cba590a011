import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Width } from './guests/words.ts'
import type { LinuxGuest } from './linux/session.ts'
import type { Start } from './watched.ts'

/** Someone who runs guests. */
export interface Peer {
  readonly name: string
  readonly says: string
  /** Why it cannot be asked, if it cannot. */
  readonly absent: string | undefined
  readonly widths: readonly Width[]
  /** Runs at most, and the part of a run's rounds: who is slow need not keep all others waiting. */
  readonly runs?: number
  readonly part: number
  readonly start: (image: string) => Start
  /** How it boots Linux, where it is asked to. */
  readonly boot?: (guest: LinuxGuest) => Start
}

const memory = 256
const runner = fileURLToPath(import.meta.resolve('@vmm/runner/main'))
const both = [32, 64] as const

const vmm: Peer = {
  name: 'vmm',
  says: `vmm on Node ${process.version}`,
  absent: undefined,
  widths: both,
  part: 1,
  start: (image) => ({ command: process.execPath, args: [runner, 'run', image, '--memory', `${memory}M`] }),
  boot: ({ kernel, initrd, parameters, megabytes }) => ({
    command: process.execPath,
    args: [runner, 'run', kernel, '--initrd', initrd, '--append', parameters, '--memory', `${megabytes}M`],
  }),
}

/** What QEMU is always told. */
export const qemuArguments = (megabytes: number): readonly string[] => [
  ...['-accel', 'tcg,thread=single', '-cpu', 'max', '-m', `${megabytes}`, '-display', 'none', '-no-reboot'],
  ...['-monitor', 'none', '-serial', 'stdio'],
]
export const qemuCommand = 'qemu-system-x86_64'

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
    part: 1,
    start: (image) => ({ command: qemuCommand, args: [...qemuArguments(memory), '-kernel', image] }),
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
    part: 1,
    start: (image) => ({ command: process.execPath, args: [host, image, `${memory}`] }),
  }
}

/** All that may be asked, whether they can be or not. */
export const peers = (): readonly Peer[] => [vmm, qemu(), v86()]
