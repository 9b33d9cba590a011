import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { chooseModules } from '@vmm/initramfs'
import { downloadPackages } from './apt.ts'
import { withLock } from './lock.ts'
import { type ProgramOptions, program } from './programs.ts'
import { readTar } from './tar.ts'
import { GuestUnavailable } from './unavailable.ts'

/** Where fetching tells what it does, and what stops it. */
export interface Fetching {
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** Names of what is kept of the packages, below the directory that `fetchPackages` gives. */
export const kept = { kernel: 'vmlinuz', shell: 'busybox', modules: 'modules' } as const

/** Modules worth having in a guest of ours; what they depend on comes along. */
const wantedModules = [
  ...['virtio_pci', 'virtio_mmio', 'virtio_blk', 'virtio_net', 'virtio_console', 'virtio_rng'],
  ...['irqbypass', 'kvm', 'kvm_intel', 'kvm_amd'],
] as const

/** Changes when what is kept of a package changes. */
const prefix = 'debian-2-'
const workPrefix = 'fetching-'

/** The user's cache directory for guests. */
function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir() || tmpdir(), '.cache'), 'vmm')
}

/**
 * A directory with a kernel, a busybox and modules out of Debian's packages, from the cache or through apt. It is named by the
 * packages' hash and never changes once it is there.
 * @throws {GuestUnavailable} if it cannot be had.
 */
export async function fetchPackages(fetching: Fetching): Promise<string> {
  const root = cacheDirectory()
  const found = newest(root)
  if (found !== undefined) return found
  try {
    mkdirSync(root, { recursive: true })
    const onWait = () => fetching.say('waiting for another vmm that fetches the guest')
    return await withLock(
      join(root, 'lock'),
      fetching.signal,
      onWait,
      async () => newest(root) ?? (await fetched(root, fetching)),
    )
  } catch (error) {
    if (error instanceof GuestUnavailable || fetching.signal.aborted) throw error
    throw new GuestUnavailable((error as Error).message.split('\n')[0]!)
  }
}

function newest(root: string): string | undefined {
  if (!existsSync(root)) return undefined
  const found = readdirSync(root).filter((name) => name.startsWith(prefix))
  const age = (name: string) => statSync(join(root, name)).mtimeMs
  const name = found.toSorted((a, b) => age(b) - age(a))[0]
  return name === undefined ? undefined : join(root, name)
}

/** Under the lock: nobody else's work is in progress, what lies around is left over. */
async function fetched(root: string, { say, signal }: Fetching): Promise<string> {
  for (const name of readdirSync(root))
    if (name.startsWith(workPrefix)) rmSync(join(root, name), { recursive: true, force: true })
  const work = mkdtempSync(join(root, workPrefix))
  try {
    const run = { directory: work, signal }
    await downloadPackages(root, run, say)
    return await unpacked(root, run, say)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function unpacked(root: string, run: ProgramOptions, say: (line: string) => void): Promise<string> {
  const packages = readdirSync(run.directory).filter((name) => name.endsWith('.deb'))
  const [hash, files] = [createHash('sha256'), new Map<string, Uint8Array>()]
  for (const name of packages.toSorted()) {
    hash.update(readFileSync(join(run.directory, name)))
    const { stdout } = await program('dpkg-deb', ['--fsys-tarfile', name], run)
    for (const { path, content } of readTar(stdout)) files.set(path, content)
  }
  const content = join(run.directory, 'content')
  for (const [path, bytes] of worthKeeping(files, say)) {
    mkdirSync(dirname(join(content, path)), { recursive: true })
    writeFileSync(join(content, path), bytes, { mode: path === kept.shell ? 0o755 : 0o644 })
  }
  const target = join(root, `${prefix}${hash.digest('hex').slice(0, 16)}`)
  if (!existsSync(target)) renameSync(content, target)
  return target
}

/** The kernel, the shell, and the modules under `modules/RELEASE`. */
function worthKeeping(
  files: ReadonlyMap<string, Uint8Array>,
  say: (line: string) => void,
): ReadonlyMap<string, Uint8Array> {
  const named = (pattern: RegExp): Uint8Array | undefined => [...files].find(([path]) => pattern.test(path))?.[1]
  const [kernel, shell] = [named(/^boot\/vmlinuz-/), named(/^(usr\/)?bin\/busybox$/)]
  if (kernel === undefined) throw new GuestUnavailable('the kernel package holds no vmlinuz')
  if (shell === undefined) throw new GuestUnavailable('the package busybox-static holds no busybox')
  const result = new Map([
    [kept.kernel, kernel],
    [kept.shell, shell],
  ] as [string, Uint8Array][])
  const place = /^(?:usr\/)?lib\/modules\/(.+\.ko)(?:\.\w+)?$/
  const modules = new Map([...files].flatMap(([path, content]) => (place.test(path) ? [[path, content] as const] : [])))
  try {
    const chosen = chooseModules([...modules.keys()], wantedModules, (path) => uncompressed(path, modules.get(path)!))
    for (const { path, content } of chosen) result.set(join(kept.modules, place.exec(path)![1]!), content)
  } catch (error) {
    say(`the guest goes without modules: ${(error as Error).message.split('\n')[0]}`)
  }
  return result
}

function uncompressed(path: string, content: Uint8Array): Uint8Array {
  if (path.endsWith('.xz')) return execFileSync('xz', ['-dc'], { input: content, maxBuffer: 1 << 28 })
  return path.endsWith('.zst') ? zstdDecompressSync(content) : content
}
