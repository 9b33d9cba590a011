import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A failure that a person can act on: one line. */
export class GuestUnavailable extends Error {
  override readonly name = 'GuestUnavailable'
}

/** The user's cache directory for guests. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir() || tmpdir(), '.cache'), 'vmm')
}

/** Options that keep apt to directories of our own, so that it works for every user. */
function aptOptions(root: string): string[] {
  const lists = join(root, 'apt', 'lists')
  const cache = join(root, 'apt', 'cache')
  for (const directory of [join(lists, 'partial'), join(cache, 'archives', 'partial')])
    mkdirSync(directory, { recursive: true })
  const options = {
    'Dir::State::lists': lists,
    'Dir::Cache': cache,
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Debug::NoLocking': '1',
  }
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

const oneLine = (error: unknown): string => {
  const { stderr, message, code } = error as { stderr?: string; message?: string; code?: string }
  if (code === 'ENOENT') return 'no apt on this system'
  const lines = (stderr || message || String(error)).trim().split('\n')
  return lines.find((line) => line.startsWith('E:'))?.slice(3) ?? lines.at(-1) ?? 'unknown error'
}

async function apt(
  root: string,
  command: string,
  args: readonly string[],
  directory: string,
  say: (line: string) => void,
): Promise<string> {
  const [lists, options] = [join(root, 'apt', 'lists'), aptOptions(root)]
  const ask = async () =>
    (await run(command, [...options, ...args], { cwd: directory, encoding: 'utf8', maxBuffer: 1 << 26 })).stdout
  const isFresh = readdirSync(lists).some((name) => name.endsWith('_Packages') || name.includes('_Packages.'))
  if (isFresh) {
    try {
      return await ask()
    } catch {
      // the lists may be stale: fetch them again, once
    }
  }
  say('updating package lists')
  await run('apt-get', [...options, 'update'], { encoding: 'utf8' }).catch(() => undefined)
  return ask()
}

/** Downloads packages and gives their unpacked files' directory, kept under a name made from what was downloaded. */
export async function fetchPackages(say: (line: string) => void): Promise<string> {
  const root = cacheDirectory()
  mkdirSync(root, { recursive: true })
  const kept = latest(root)
  if (kept !== undefined) return kept
  const work = join(root, `fetch-${process.pid}`)
  mkdirSync(work, { recursive: true })
  try {
    const kernel = await kernelPackage(root, say)
    say(`downloading ${kernel} and busybox-static`)
    await apt(root, 'apt-get', ['download', kernel, 'busybox-static'], work, say)
    return await unpack(root, work)
  } catch (error) {
    throw error instanceof GuestUnavailable ? error : new GuestUnavailable(oneLine(error))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const unpackedPrefix = 'debian-'

function latest(root: string): string | undefined {
  const names = readdirSync(root)
    .filter((name) => name.startsWith(unpackedPrefix))
    .sort()
  const name = names.at(-1)
  return name === undefined ? undefined : join(root, name)
}

/** The image package is a meta-package: the kernel is what it depends on. */
async function kernelPackage(root: string, say: (line: string) => void): Promise<string> {
  const text = await apt(root, 'apt-cache', ['depends', 'linux-image-cloud-amd64'], root, say)
  const name = /Depends:\s+(linux-image-[0-9][^\s]*)/.exec(text)?.[1]
  if (name === undefined) throw new GuestUnavailable('linux-image-cloud-amd64 depends on no kernel image')
  return name
}

async function unpack(root: string, work: string): Promise<string> {
  const packages = readdirSync(work)
    .filter((name) => name.endsWith('.deb'))
    .sort()
  if (packages.length < 2)
    throw new GuestUnavailable(`expected a kernel and busybox, got ${packages.join(', ') || 'nothing'}`)
  const hash = createHash('sha256')
  const content = join(work, 'content')
  mkdirSync(content)
  for (const name of packages) {
    hash.update(readFileSync(join(work, name)))
    await run('dpkg-deb', ['-x', join(work, name), content])
  }
  const target = join(root, `${unpackedPrefix}${hash.digest('hex').slice(0, 16)}`)
  if (!existsSync(target)) {
    writeFileSync(join(content, '.complete'), '')
    renameSync(content, target)
  }
  return target
}
