import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpio } from '@vmm/initramfs'
import { beforeAll, describe, expect, test } from 'vitest'
import { file } from './kernels.ts'
import { vmm } from './vmm.ts'

/** Debian's kernels for 32-bit PCs: with PAE, and without. */
const flavours = ['686-pae', '686'] as const

interface Packages {
  readonly kernels: ReadonlyMap<string, Uint8Array>
  readonly busybox: Uint8Array
}

/** Fetches Debian's i386 packages through apt with lists of its own, and keeps what a boot needs. */
function fetchPackages(): Packages {
  const root = mkdtempSync(join(tmpdir(), 'vmm-i386-'))
  for (const each of ['lists/partial', 'cache/archives/partial', 'unpacked'])
    mkdirSync(join(root, each), { recursive: true })
  const options = {
    'Dir::State::lists': join(root, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': join(root, 'cache'),
    'APT::Architecture': 'i386',
    'APT::Architectures': 'i386',
    'APT::Sandbox::User': '',
    'Debug::NoLocking': '1',
  }
  const apt = (command: string, ...args: string[]): string => {
    const all = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    return execFileSync(command, [...all, ...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }
  try {
    apt('apt-get', 'update')
  } catch {
    // some lists are enough
  }
  const images = flavours.map((flavour) => {
    const named = new RegExp(`^linux-image-\\d\\S*-\\d+-${flavour}$`)
    const found = apt('apt-cache', 'pkgnames', 'linux-image-')
      .split('\n')
      .filter((name) => named.test(name))
    return found.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)!
  })
  apt('apt-get', 'download', 'busybox-static', ...images)
  for (const name of readdirSync(root).filter((each) => each.endsWith('.deb')))
    execFileSync('dpkg-deb', ['-x', name, 'unpacked'], { cwd: root })
  const boot = join(root, 'unpacked', 'boot')
  const kernel = (flavour: string) =>
    readdirSync(boot).find((name) => name.startsWith('vmlinuz-') && name.endsWith(`-${flavour}`))!
  return {
    kernels: new Map(flavours.map((flavour) => [flavour, readFileSync(join(boot, kernel(flavour)))])),
    busybox: readFileSync(join(root, 'unpacked', 'bin', 'busybox')),
  }
}

/** Busybox and a shell; the runner adds its own init. */
function initrd(busybox: Uint8Array): Uint8Array {
  return cpio([
    ...['bin', 'sbin', 'usr', 'usr/bin', 'usr/sbin', 'dev'].map((path) => ({ kind: 'directory', path }) as const),
    { kind: 'device', path: 'dev/console', type: 'character', major: 5, minor: 1 },
    { kind: 'file', path: 'bin/busybox', content: busybox, mode: 0o755 },
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
  ])
}

describe("Debian's 32-bit kernels", () => {
  let packages: Packages | undefined
  beforeAll(() => {
    try {
      packages = fetchPackages()
    } catch (error) {
      if (process.env['VMM_REQUIRE_GUESTS'] === '1') throw error
      console.log(`no 32-bit kernels: ${(error as Error).message.split('\n')[0]}`)
    }
  })

  test.for(flavours)('%s boots to a shell, with an FPU and its paging', async (flavour, context) => {
    if (packages === undefined) return context.skip()
    const args = [
      '--kernel',
      file('kernel', packages.kernels.get(flavour)!),
      '--initrd',
      file('initrd', initrd(packages.busybox)),
    ]
    const command =
      'uname -m; grep -c "^flags.* pae" /proc/cpuinfo; awk "BEGIN { print 22 / 7, 1e300 * 1e10, 7 % 2.5 }"; exit 3'
    const { status, stdout } = await vmm(['run', ...args, '--exec', command])
    expect(stdout).toBe('i686\n1\n3.14286 inf 2\n')
    expect(status).toBe(3)
  })
})
