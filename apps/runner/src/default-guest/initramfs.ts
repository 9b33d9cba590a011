import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpio, type Entry } from '@vmm/initramfs'
import { initEntries } from '../exec.ts'

/** Modules worth having in a guest of ours, by name; what they depend on comes along. */
const wanted = [
  'virtio_pci',
  'virtio_mmio',
  'virtio_blk',
  'virtio_net',
  'virtio_console',
  'virtio_rng',
  'kvm',
  'kvm-intel',
  'kvm-amd',
  'irqbypass',
]

/** Finds a kernel and makes the initial RAM file system around busybox. */
export function buildInitramfs(root: string): Uint8Array {
  const busybox = join(root, 'bin', 'busybox')
  const applets = execFileSync(busybox, ['--list-full'], { encoding: 'utf8' }).trim().split('\n')
  const directories = new Set(['bin', 'sbin', 'usr', 'usr/bin', 'usr/sbin', 'etc', 'root'])
  const entries: Entry[] = [
    ...[...directories].map((path): Entry => ({ kind: 'directory', path })),
    { kind: 'file', path: 'bin/busybox', content: readFileSync(busybox), mode: 0o755 },
    ...applets
      .filter((path) => path !== 'bin/busybox' && path.includes('/'))
      .map((path): Entry => ({ kind: 'link', path, target: '/bin/busybox' })),
    ...initEntries(),
    ...moduleEntries(root),
  ]
  return cpio(entries)
}

interface Module {
  readonly name: string
  readonly path: string
  readonly depends: readonly string[]
}

/** Names on disk use dashes or underscores as they like. */
const canonical = (name: string): string => name.replaceAll('-', '_')

function moduleEntries(root: string): Entry[] {
  const base = join(root, 'lib', 'modules')
  if (!existsSync(base)) return []
  const release = readdirSync(base)[0]
  if (release === undefined) return []
  const files = new Map(
    readdirSync(join(base, release), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ko'))
      .map((path) => [canonical(path.split('/').at(-1)!.slice(0, -3)), path]),
  )
  const chosen = new Map<string, Module>()
  const add = (name: string): void => {
    const path = files.get(canonical(name))
    if (path === undefined || chosen.has(canonical(name))) return
    const depends = dependsOf(readFileSync(join(base, release, path)))
    chosen.set(canonical(name), { name: canonical(name), path, depends })
    depends.forEach(add)
  }
  wanted.forEach(add)
  const modules = [...chosen.values()]
  const directories = new Set<string>()
  for (const { path } of modules) {
    const parts = path.split('/').slice(0, -1)
    parts.forEach((_, index) => void directories.add(parts.slice(0, index + 1).join('/')))
  }
  const place = `lib/modules/${release}`
  return [
    ...['lib', 'lib/modules', place].map((path): Entry => ({ kind: 'directory', path })),
    ...[...directories].sort().map((path): Entry => ({ kind: 'directory', path: `${place}/${path}` })),
    ...modules.map(
      ({ path }): Entry => ({
        kind: 'file',
        path: `${place}/${path}`,
        content: readFileSync(join(base, release, path)),
      }),
    ),
    { kind: 'file', path: `${place}/modules.dep`, content: new TextEncoder().encode(dependencyFile(modules, chosen)) },
  ]
}

/** The `depends=` of a module's .modinfo: names by commas. */
function dependsOf(module: Buffer): string[] {
  const at = module.indexOf('\0depends=')
  if (at < 0) return []
  const end = module.indexOf(0, at + 1)
  return module
    .toString('latin1', at + 9, end)
    .split(',')
    .filter((name) => name !== '')
}

/** modprobe wants all that a module needs, the nearest first. */
function dependencyFile(modules: readonly Module[], byName: ReadonlyMap<string, Module>): string {
  const all = (module: Module): string[] =>
    module.depends.flatMap((name) => {
      const needed = byName.get(canonical(name))
      return needed === undefined ? [] : [needed.path, ...all(needed)]
    })
  return modules
    .map((module) => `${module.path}: ${[...new Set(all(module))].join(' ')}`.trimEnd())
    .join('\n')
    .concat('\n')
}
