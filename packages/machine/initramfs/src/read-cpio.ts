import { type Entry, typeBits } from './entry.ts'
import { padded } from './joined.ts'
import { decodeText } from './text.ts'

/** What archives hold, in order; or one line about the first thing that is wrong. */
export type ReadArchive =
  | { readonly kind: 'entries'; readonly entries: readonly Entry[] }
  | { readonly kind: 'refused'; readonly says: string }

const headLength = 110
const typeMask = 0o170000
const trailer = 'TRAILER!!!'
const magics = ['070701', '070702']

interface Head {
  readonly mode: number
  readonly size: number
  readonly major: number
  readonly minor: number
  readonly nameSize: number
}

/**
 * Reads uncompressed "newc" archives that follow one another, as the kernel does: zeros between them are skipped. Hard links
 * come out as the files they are in the archive: all but one of them are empty.
 */
export function readCpio(bytes: Uint8Array): ReadArchive {
  const entries: Entry[] = []
  const refused = (at: number, says: string) => ({ kind: 'refused', says: `at byte ${at}: ${says}` }) as const
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0) {
      at += 1
      continue
    }
    const head = headAt(bytes, at)
    if (head === undefined) return refused(at, 'no header of a newc archive')
    const nameAt = at + headLength
    const contentAt = at + padded(headLength + head.nameSize)
    const end = contentAt + head.size
    if (head.nameSize === 0 || end > bytes.length)
      return refused(at, `an entry ends at ${end}, the archive at ${bytes.length}`)
    const name = decodeText(bytes.subarray(nameAt, nameAt + head.nameSize - 1))
    at = at + padded(end - at)
    if (name === trailer) continue
    const entry = entryOf(name, head, bytes.subarray(contentAt, end))
    if (entry === undefined) return refused(nameAt, `${name} has mode ${head.mode.toString(8)}, which nobody knows`)
    entries.push(entry)
  }
  return { kind: 'entries', entries }
}

function headAt(bytes: Uint8Array, at: number): Head | undefined {
  const text = decodeText(bytes.subarray(at, at + headLength))
  if (text.length !== headLength || !magics.includes(text.slice(0, 6)) || !/^[\da-fA-F]+$/.test(text)) return undefined
  const number = (index: number) => Number.parseInt(text.slice(6 + index * 8, 14 + index * 8), 16)
  return { mode: number(1), size: number(6), major: number(9), minor: number(10), nameSize: number(11) }
}

function entryOf(path: string, { mode, major, minor }: Head, content: Uint8Array): Entry | undefined {
  const permissions = { mode: mode & ~typeMask }
  switch (mode & typeMask) {
    case typeBits.directory:
      return { kind: 'directory', path, ...permissions }
    case typeBits.file:
      return { kind: 'file', path, content, ...permissions }
    case typeBits.link:
      return { kind: 'link', path, target: decodeText(content) }
    case typeBits.character:
      return { kind: 'device', path, type: 'character', major, minor, ...permissions }
    case typeBits.block:
      return { kind: 'device', path, type: 'block', major, minor, ...permissions }
    default:
      return undefined
  }
}
