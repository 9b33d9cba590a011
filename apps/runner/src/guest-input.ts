import { existsSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { detect } from '@vmm/boot'
import { builtInGuest } from '@vmm/built-in-guest'
import { isInitramfs, joined } from '@vmm/initramfs'
import { addedArchive } from './added-files.ts'
import { defaultGuest } from './default-guest/guest.ts'
import { GuestUnavailable } from './default-guest/unavailable.ts'
import { argumentBytes, execArchive, foreignInitParameters } from './exec.ts'
import { inMemory, readInput } from './named-file.ts'
import type { RunOptions } from './run-options.ts'
import { UsageError } from './usage-error.ts'

const serialConsole = 'console=ttyS0'
const builtInName = 'built-in-guest'

/** What is loaded into a machine. */
export interface GuestInput {
  readonly image: Uint8Array
  readonly initrd: Uint8Array | undefined
  readonly commandLine: string
  /** The image, for messages about it. */
  readonly from: string
}

/** How gathering talks, and what stops it. */
export interface Gathering {
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

interface Given {
  readonly image: Uint8Array
  readonly initrd: Uint8Array | undefined
  /** What the image is called, for a program that wants to know its own name. */
  readonly name: string
  /** The same, for a person. */
  readonly from: string
}

/**
 * Kernel, initrd and command line, from files or from the default guest, with the command to run appended.
 * @throws {UsageError} where files or flags do not fit; `GuestUnavailable` where a command has no guest to run in.
 */
export async function gather(options: RunOptions, gathering: Gathering): Promise<GuestInput> {
  const guest = withAdded(await given(options, gathering), options)
  const { image, initrd, from } = guest
  if (detect(image) === 'multiboot') return multibootInput(options, guest)
  if (initrd === undefined && options.add.length > 0) throw new UsageError('--add: an image of your own needs --initrd')
  if (options.exec === undefined) return { image, initrd, from, commandLine: commandLine(options, []) }
  if (initrd === undefined) throw new UsageError('--exec: an image of your own needs --initrd with a shell in it')
  if (options.initrd !== undefined && !isInitramfs(initrd))
    throw new UsageError(
      `--initrd ${options.initrd}: not an initramfs: expected a cpio archive, which may be compressed`,
    )
  const isForeign = options.initrd !== undefined
  const archive = execArchive(argumentBytes(options.exec), isForeign)
  const parameters = [options.console ? '' : 'quiet', isForeign ? foreignInitParameters : '']
  return { image, initrd: joined(initrd, archive), from, commandLine: commandLine(options, parameters) }
}

/** Files of the person's own behind those of the initrd. */
function withAdded(guest: Given, { add, memorySize }: RunOptions): Given {
  if (guest.initrd === undefined || add.length === 0) return guest
  return { ...guest, initrd: joined(guest.initrd, addedArchive(add, memorySize)) }
}

/** Only the default guest resets by itself when it panics: a kernel of one's own does what it is told. */
function commandLine({ image, append }: RunOptions, more: readonly string[]): string {
  const parts = [serialConsole, image === undefined ? 'panic=-1' : '', ...more, append ?? '']
  return parts.filter((part) => part !== '').join(' ')
}

/** The arguments of a multiboot image begin with its name. */
function multibootInput(options: RunOptions, { image, initrd, name, from }: Given): GuestInput {
  if (options.add.length > 0) throw new UsageError('--add: a multiboot image has no file system to put a file into')
  if (options.exec !== undefined)
    throw new UsageError('--exec: a multiboot image has no shell to run a command in; expected a Linux kernel')
  const parts = [name.replaceAll(/\s/g, '_'), options.append ?? '']
  return { image, initrd, from, commandLine: parts.filter((part) => part !== '').join(' ') }
}

async function given(options: RunOptions, gathering: Gathering): Promise<Given> {
  const read = (path: string, what: string) => readInput(path, what, inMemory(options.memorySize))
  const initrd = options.initrd === undefined ? undefined : read(options.initrd, '--initrd')
  if (options.image !== undefined) {
    const { image: path } = options
    return { image: read(path, 'image'), initrd, name: basename(path), from: `image ${path}` }
  }
  try {
    const guest = await defaultGuest(gathering.say, gathering.signal)
    return { image: guest.kernel, initrd: initrd ?? guest.initrd, name: 'vmlinuz', from: guest.from }
  } catch (error) {
    if (!(error instanceof GuestUnavailable)) throw error
    const reason = `no default guest: ${error.message}${offer()}`
    if (options.exec !== undefined || initrd !== undefined) throw new GuestUnavailable(reason)
    gathering.say(`${reason}; booting the built-in guest`)
    return { image: builtInGuest(), initrd: undefined, name: builtInName, from: builtInName }
  }
}

/** A kernel that is already on this system, if there is one that can be read. */
function offer(): string {
  const names = existsSync('/boot') ? readdirSync('/boot').filter((name) => name.startsWith('vmlinuz-')) : []
  const newest = names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  return newest === undefined
    ? '; --kernel /boot/vmlinuz-VERSION boots a kernel you have'
    : `; --kernel /boot/${newest} boots this system's own`
}
