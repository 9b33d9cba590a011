import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { cpio, type Entry } from '@vmm/initramfs'
import { inMemory, readInput } from './named-file.ts'
import { shown } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** A file of ours, and where it is to be in the guest: a path without a slash before it. */
export interface AddedFile {
  readonly from: string
  readonly to: string
}

/** Where a file goes that is added without saying where. */
const place = 'root'

/**
 * `FILE` or `FILE=PLACE`.
 * @throws {UsageError}
 */
export function parseAdded(text: string): AddedFile {
  const at = text.lastIndexOf('=')
  const [from, to] = at < 0 ? [text, `${place}/${basename(text)}`] : [text.slice(0, at), text.slice(at + 1)]
  const parts = to.split('/').filter((part) => part !== '')
  if (from === '' || parts.length === 0 || to.endsWith('/') || parts.some((part) => part === '.' || part === '..'))
    throw new UsageError(`--add ${shown(text)}: expected FILE, or FILE=PLACE with a path in the guest`)
  return { from, to: parts.join('/') }
}

/**
 * An archive to append to an initramfs, with the directories that the files need. Who may execute a file may do so in the guest.
 * @throws {UsageError} for a file that cannot be read.
 */
export function addedArchive(files: readonly AddedFile[], limit: number): Uint8Array {
  const directories = new Set(files.flatMap(({ to }) => parentsOf(to)))
  return cpio([
    ...[...directories].map((path): Entry => ({ kind: 'directory', path })),
    ...files.map(({ from, to }): Entry => {
      const content = readInput(from, '--add', inMemory(limit))
      return { kind: 'file', path: to, content, mode: statSync(from).mode & 0o777 }
    }),
  ])
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}
