import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../directory.ts'
import { complaint, type ProgramOptions, program } from './programs.ts'
import { GuestUnavailable } from './unavailable.ts'

/** Where apt looks, and with what options: the system's lists, or lists of our own. */
interface Place {
  readonly options: readonly string[]
}

/** The meta-package that depends on Debian's kernel for virtual machines, and the shell. */
const kernelMeta = 'linux-image-cloud-amd64'
const shell = 'busybox-static'

const asOptions = (options: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])

/** Packages are for the guest's processor, whatever the host's is. Nobody but us reads what is downloaded. */
const everywhere = { 'APT::Sandbox::User': '', 'Acquire::Languages': 'none', 'Acquire::Retries': '1' }
const systemPlace: Place = { options: asOptions(everywhere) }

/** Directories below `root`, so that it works for every user. */
function privatePlace(root: string): Place & { readonly lists: string } {
  const [lists, cache] = [join(root, 'apt', 'lists'), join(root, 'apt', 'cache')]
  for (const each of [join(lists, 'partial'), join(cache, 'archives', 'partial')]) makeDirectory(each)
  const foreign = process.arch === 'x64' ? {} : { 'APT::Architecture': 'amd64', 'Dir::State::status': '/dev/null' }
  const own = { 'Dir::State::lists': lists, 'Dir::Cache': cache, 'Debug::NoLocking': '1' }
  return { lists, options: asOptions({ ...everywhere, ...own, ...foreign }) }
}

/**
 * Downloads the kernel's package and the shell's into the directory: with the system's lists where those know both and
 * are fresh, else with lists of our own, which are fetched where there are none or they are stale.
 */
export async function downloadPackages(root: string, run: ProgramOptions, say: (line: string) => void): Promise<void> {
  const own = privatePlace(root)
  const hasLists = () => readdirSync(own.lists).some((name) => name.includes('_Packages'))
  if (process.arch === 'x64' && (await attempt(systemPlace, run, say))) return
  if (hasLists() && (await attempt(own, run, say))) return
  say('updating package lists')
  const failure = await update(own, run)
  if (!hasLists()) throw new GuestUnavailable(`no package lists: ${failure ?? 'apt has no sources'}`)
  await download(own, run, say)
}

/** What was wrong with an update, if anything was. A part of the lists may do. */
async function update({ options }: Place, run: ProgramOptions): Promise<string | undefined> {
  try {
    return complaint((await program('apt-get', [...options, 'update'], run)).stderr)
  } catch (error) {
    if (error instanceof GuestUnavailable) return error.message
    throw error
  }
}

async function attempt(place: Place, run: ProgramOptions, say: (line: string) => void): Promise<boolean> {
  try {
    await download(place, run, say)
    return true
  } catch (error) {
    // without apt there is nothing else to try; stale or missing lists are
    if (error instanceof GuestUnavailable && !error.message.startsWith('no apt')) return false
    throw error
  }
}

async function download({ options }: Place, run: ProgramOptions, say: (line: string) => void): Promise<void> {
  const { stdout } = await program('apt-cache', [...options, 'depends', kernelMeta], run)
  const kernel = /^ *Depends: *(linux-image-\d\S*)/m.exec(stdout.toString())?.[1]
  if (kernel === undefined) throw new GuestUnavailable(`${kernelMeta} depends on no kernel`)
  say(`downloading ${kernel} and ${shell}`)
  await program('apt-get', [...options, 'download', kernel, shell], run)
}
