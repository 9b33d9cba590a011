import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { chooseModules } from '@vmm/initramfs'
import { makeDirectory } from '../directory.ts'
import { because } from '../named-file.ts'
import { downloadPackages } from './apt.ts'
import { cacheDirectory, makeWritable } from './cache.ts'
import { withLock } from './lock.ts'
import { type ProgramOptions, program } from './programs.ts'
import { readTar } from './tar.ts'
import { GuestUnavailable } from './unavailable.ts'

/** Where fetching tells what it does, and what stops it. */
export interface Fetching {
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** Names of what is kept of the packages, below the directory that `withPackages` lets one read. */
export const kept = { kernel: 'vmlinuz', shell: 'busybox', modules: 'modules' } as const

/** Modules worth having in a guest of ours; what they depend on comes along. */
const wantedModules = [
  ...['virtio_pci', 'virtio_mmio', 'virtio_blk', 'virtio_net', 'virtio_console', 'virtio_rng'],
  ...['irqbypass', 'kvm', 'kvm_intel', 'kvm_amd'],
] as const

/** Changes when what is kept of a package changes. */
const prefix = 'debian-2-'
const workPrefix = 'fetching-'

/**
 * Lets someone read a directory with a kernel, a busybox and modules out of Debian's packages. It comes from the cache or through
 * apt; it is named by the packages' hash and never changes once it is there. Who can keep nothing gets one for this once.
 * @throws {GuestUnavailable} if it cannot be had.
 */
export async function withPackages<T>(fetching: Fetching, use: (directory: string) => T): Promise<T> {
  const root = cacheDirectory()
  try {
    const found = root === undefined ? undefined : newest(root)
    if (found !== undefined) return use(found)
    const reason = root === undefined ? 'the user has no home' : unwritable(root)
    if (root !== undefined && reason === undefined) return use(await fetchedOnce(root, fetching))
    fetching.say(`the guest is fetched for this run alone: ${reason}`)
    return await inPassing(fetching, use)
  } catch (error) {
    if (error instanceof GuestUnavailable || fetching.signal.aborted || !isOutside(error)) throw error
    const { path } = error as { readonly path?: string }
    throw new GuestUnavailable(path === undefined ? because(error) : `${path}: ${because(error)}`)
  }
}

/** Whether it is files that are not as they should be, and not we. */
function isOutside(error: unknown): boolean {
  return error instanceof RangeError || typeof (error as { readonly code?: unknown }).code === 'string'
}

/** Why nothing can be kept there, if nothing can. */
function unwritable(root: string): string | undefined {
  try {
    makeWritable(root)
    return undefined
  } catch (error) {
    return `${root}: ${because(error)}`
  }
}

/** Several runs that find nothing fetch it once. */
async function fetchedOnce(root: string, fetching: Fetching): Promise<string> {
  const onWait = () => fetching.say('waiting for another vmm that fetches the guest')
  const body = async () => newest(root) ?? (await fetched(root, fetching))
  return await withLock(join(root, 'lock'), fetching.signal, onWait, body)
}

async function inPassing<T>(fetching: Fetching, use: (directory: string) => T): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'vmm-'))
  try {
    return use(await fetched(root, fetching))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function newest(root: string): string | undefined {
  const age = (directory: string) => statSync(directory).mtimeMs
  const names = existsSync(root) ? namesIn(root).filter((name) => name.startsWith(prefix)) : []
  const whole = names.map((name) => join(root, name)).filter(isWhole)
  return whole.toSorted((a, b) => age(b) - age(a))[0]
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Whether nobody has taken away what makes a guest. */
function isWhole(directory: string): boolean {
  const bytes = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0
  return bytes(kept.kernel) > 0 && bytes(kept.shell) > 0
}

/** Nobody else's work is in progress: what lies around is left over. */
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
    makeDirectory(dirname(join(content, path)))
    writeFileSync(join(content, path), bytes, { mode: path === kept.shell ? 0o755 : 0o644 })
  }
  const target = join(root, `${prefix}${hash.digest('hex').slice(0, 16)}`)
  if (!isWhole(target)) {
    rmSync(target, { recursive: true, force: true })
    renameSync(content, target)
  }
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
