import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpio, type Entry, type Module, modulesDep } from '@vmm/initramfs'
import { initEntries } from '../exec.ts'
import { kept } from './packages.ts'

/** Changes when the archive changes for another reason than its init script or its packages. */
export const layout = 1

const directories = ['bin', 'sbin', 'usr', 'usr/bin', 'usr/sbin', 'etc', 'root']
const busyboxPath = 'bin/busybox'
const shellPath = 'bin/sh'

/** The initial RAM file system around busybox: its applets as links, init, and the modules that were kept. */
export function buildInitramfs(packages: string): Uint8Array {
  const links = new Set([shellPath, ...applets(join(packages, kept.shell))])
  return cpio([
    ...directories.map((path): Entry => ({ kind: 'directory', path })),
    { kind: 'file', path: busyboxPath, content: readFileSync(join(packages, kept.shell)), mode: 0o755 },
    ...[...links].map((path): Entry => ({ kind: 'link', path, target: `/${busyboxPath}` })),
    ...initEntries(),
    ...moduleEntries(join(packages, kept.modules)),
  ])
}

/** What busybox says it can be. None where it cannot be run: init then makes the links. */
function applets(busybox: string): readonly string[] {
  const { stdout, status } = spawnSync(busybox, ['--list-full'], { encoding: 'utf8' })
  if (status !== 0) return []
  const paths = stdout.split('\n').filter((path) => directories.some((directory) => path.startsWith(`${directory}/`)))
  return paths.filter((path) => path !== busyboxPath)
}

function moduleEntries(root: string): readonly Entry[] {
  const release = readReleases(root)[0]
  if (release === undefined) return []
  const files = readdirSync(join(root, release), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ko'),
  )
  const modules = files.toSorted().map((path): Module => ({ path, content: readFileSync(join(root, release, path)) }))
  const place = `lib/modules/${release}`
  const parents = new Set(modules.flatMap(({ path }) => parentsOf(path)))
  return [
    ...['lib', 'lib/modules', place, ...[...parents].toSorted().map((path) => `${place}/${path}`)].map(
      (path): Entry => ({ kind: 'directory', path }),
    ),
    ...modules.map(({ path, content }): Entry => ({ kind: 'file', path: `${place}/${path}`, content })),
    { kind: 'file', path: `${place}/modules.dep`, content: Buffer.from(modulesDep(modules)) },
  ]
}

function readReleases(root: string): readonly string[] {
  try {
    return readdirSync(root)
  } catch {
    return []
  }
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}
