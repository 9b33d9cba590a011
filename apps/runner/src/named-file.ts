import { openSync, readFileSync, statSync } from 'node:fs'
import { shown } from './printable.ts'
import { UsageError } from './usage-error.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'not a directory on the way',
  EISDIR: 'a directory',
  EEXIST: 'a file is in the way',
  ELOOP: 'too many links',
  ENAMETOOLONG: 'too long a name',
  EPIPE: 'nobody reads it any more',
  EIO: 'an input or output error',
  ENOSPC: 'no space left',
  EROFS: 'a read-only file system',
}

/** What the file system says, in words. */
export const because = (error: unknown): string => {
  const { code, message } = error as { readonly code?: string; readonly message: string }
  return reasons[code ?? ''] ?? message.split('\n')[0]!
}

/** What a file has to fit into, in bytes, and what that is, for the message. */
export interface Room {
  readonly bytes: number
  readonly says: (most: string) => string
}

/** The memory of a guest. */
export const inMemory = (bytes: number): Room => ({ bytes, says: (most) => `the guest has ${most} of memory` })

function refuseMore(size: number, { bytes: most, says }: Room, named: string): void {
  if (size <= most) return
  const [has, limit] = [size, most].map((each) => `${(each / 1048576).toFixed(1)} MiB`) as [string, string]
  throw new UsageError(`${named}: has ${has} and ${says(limit)}`)
}

const anywhere = inMemory(Number.POSITIVE_INFINITY)

/**
 * A file or a pipe that a person named, whole.
 * @param what it is to be, for the message; `room` is what it has to fit into.
 * @throws {UsageError}
 */
export function readInput(path: string, what: string, room: Room = anywhere): Uint8Array {
  try {
    const stat = statSync(path)
    if (!stat.isFile() && !stat.isFIFO()) throw new UsageError(`${what} ${path}: not a file`)
    refuseMore(stat.size, room, `${what} ${path}`)
    const bytes = readFileSync(path)
    refuseMore(bytes.length, room, `${what} ${path}`)
    return bytes
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${what} ${shown(path)}: ${because(error)}`)
  }
}

/**
 * Opens a file that a person named, empty, so that a name that cannot be written is known before anything starts.
 * @throws {UsageError}
 */
export function openOutput(path: string, flag: string): number {
  try {
    return openSync(path, 'w')
  } catch (error) {
    throw new UsageError(`${flag} ${shown(path)}: ${because(error)}`)
  }
}
