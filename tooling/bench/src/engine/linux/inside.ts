import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpio } from '@vmm/initramfs'
import { defaultGuest } from '@vmm/runner/default-guest'
import type { Peer } from '../peers.ts'
import { between, type Failure, type Sample } from '../samples.ts'
import { type Mark, watched } from '../watched.ts'
import { files, init, type LinuxLoad } from './loads.ts'

const megabytes = 512
const limit = 120
const parameters = 'console=ttyS0 quiet panic=-1 rdinit=/bench/init'

/** Files of the default guest with a first process of ours. */
export interface LinuxGuest {
  readonly kernel: string
  readonly initrd: string
  readonly parameters: string
  readonly megabytes: number
}

/** Puts the default guest into a directory, with a first process that does these loads. */
export async function linuxGuest(loads: readonly LinuxLoad[], place: string): Promise<LinuxGuest> {
  const guest = await defaultGuest((says) => console.log(says))
  const [kernel, initrd] = [join(place, 'linux'), join(place, 'initrd')]
  const padding = new Uint8Array((4 - (guest.initrd.length % 4)) % 4)
  const all = { 'bench/init': new TextEncoder().encode(init(loads)), ...files() }
  const own = cpio([
    { kind: 'directory', path: 'bench' },
    ...Object.entries(all).map(([path, content]) => ({ kind: 'file', path, content, mode: 0o755 }) as const),
  ])
  writeFileSync(kernel, guest.kernel)
  writeFileSync(initrd, Buffer.concat([guest.initrd, padding, own]))
  return { kernel, initrd, parameters, megabytes }
}

const zero: Mark = { line: '', seconds: 0, cpuSeconds: 0, threads: {} }
const shell = 'shell'
const find = (marks: readonly Mark[], line: string): Mark | undefined => marks.find((mark) => mark.line === line)

/** A boot to the shell and no further. */
export async function bootRun(peer: Peer, guest: LinuxGuest): Promise<Sample | Failure> {
  const { marks, failure } = await watched(peer.boot!(guest), (line) => line === shell, limit)
  return costOf(zero, find(marks, shell), shell, failure)
}

/** One boot, and each load in it. What did not come to its end is a failure. */
export async function linuxRun(
  peer: Peer,
  guest: LinuxGuest,
  loads: readonly LinuxLoad[],
): Promise<Readonly<Record<string, Sample | Failure>>> {
  const { marks, failure } = await watched(peer.boot!(guest), (line) => line === 'over', limit)
  const results: Record<string, Sample | Failure> = { boot: costOf(zero, find(marks, shell), shell, failure) }
  for (const { name } of loads) {
    const sum = marks.find(({ line }) => line.startsWith(`sum ${name} `))?.line
    results[name] = costOf(find(marks, `begin ${name}`), find(marks, `end ${name}`), sum, failure)
  }
  return results
}

function costOf(
  from: Mark | undefined,
  to: Mark | undefined,
  sum: string | undefined,
  failure: string | undefined,
): Sample | Failure {
  if (from === undefined || to === undefined || sum === undefined) return { failure: failure ?? 'no mark' }
  if (sum.endsWith(' ')) return { failure: 'it did not do what it had to' }
  return { rounds: 1, ...between(from, to), sum }
}
