import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpio } from '@vmm/initramfs'
import { initEntries } from '../exec.ts'
import { readInput } from '../named-file.ts'
import { buildInitramfs, layout } from './initramfs.ts'
import { type Fetching, kept, withPackages } from './packages.ts'

/** A kernel and the initial RAM file system that goes with it. */
export interface Guest {
  readonly kernel: Uint8Array
  readonly initrd: Uint8Array
  /** Where the kernel comes from, for messages about it. */
  readonly from: string
}

/** A cpio archive ends with a member of this name; its end is on a block. */
const trailer = 'TRAILER!!!'
const trailing = 1024

const never = new AbortController().signal

/**
 * Debian's own cloud kernel and a busybox around it, from the cache or from apt. `VMM_GUEST_KERNEL` names another kernel.
 * @throws {GuestUnavailable} if it cannot be had; `UsageError` if the kernel that is named cannot be read.
 */
export async function defaultGuest(say: Fetching['say'], signal: AbortSignal = never): Promise<Guest> {
  const own = process.env['VMM_GUEST_KERNEL']
  const named = own === undefined || own === '' ? undefined : readInput(own, 'VMM_GUEST_KERNEL')
  return await withPackages({ say, signal }, (packages) => ({
    kernel: named ?? readFileSync(join(packages, kept.kernel)),
    initrd: cachedInitramfs(packages),
    from: named === undefined ? join(packages, kept.kernel) : `VMM_GUEST_KERNEL ${own}`,
  }))
}

/** Made once and kept beside the packages, under a name that changes with the recipe. */
function cachedInitramfs(packages: string): Uint8Array {
  const recipe = createHash('sha256').update(cpio(initEntries())).update(`${layout}`).digest('hex')
  const path = join(packages, `initramfs-${recipe.slice(0, 16)}.cpio`)
  const found = existsSync(path) ? readFileSync(path) : undefined
  if (found?.includes(trailer, -trailing) === true) return found
  const archive = buildInitramfs(packages)
  try {
    writeFileSync(`${path}.${process.pid}`, archive)
    renameSync(`${path}.${process.pid}`, path)
  } catch {
    // a cache that cannot be written is a slower cache
  }
  return archive
}
