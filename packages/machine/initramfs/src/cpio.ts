import { encodeText } from './text.ts'

/** An entry of an initramfs. Paths are relative to the root, without a leading slash. */
export type Entry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly content: Uint8Array; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'device'; readonly path: string; readonly type: 'character' | 'block'; readonly major: number; readonly minor: number; readonly mode?: number }

/** File types of st_mode. */
const typeBits = { directory: 0o040000, file: 0o100000, link: 0o120000, character: 0o020000, block: 0o060000 } as const
const defaultMode = { directory: 0o755, file: 0o644, link: 0o777, device: 0o600 } as const
const trailer = 'TRAILER!!!'

const padded = (length: number): number => (length + 3) & ~3

interface Member {
  readonly name: string
  readonly inode: number
  readonly mode: number
  readonly links: number
  readonly content: Uint8Array
  readonly device: readonly [number, number]
}

/**
 * A "newc" archive of the entries, in their order. The same entries give the same bytes: times are zero and inodes count
 * from one. Archives may be put one after another: each is padded to four bytes. Source: Linux
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 */
export function cpio(entries: readonly Entry[]): Uint8Array {
  const members = entries.map((entry, index) => memberOf(entry, index + 1))
  const end: Member = { name: trailer, inode: 0, mode: 0, links: 1, content: new Uint8Array(), device: [0, 0] }
  const parts = [...members, end].map(encoded)
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function memberOf(entry: Entry, inode: number): Member {
  const common = { name: entry.path, inode, links: entry.kind === 'directory' ? 2 : 1, device: [0, 0] as const, content: new Uint8Array() }
  switch (entry.kind) {
    case 'directory':
      return { ...common, mode: typeBits.directory | (entry.mode ?? defaultMode.directory) }
    case 'file':
      return { ...common, mode: typeBits.file | (entry.mode ?? defaultMode.file), content: entry.content }
    case 'link':
      return { ...common, mode: typeBits.link | defaultMode.link, content: encodeText(entry.target) }
    case 'device':
      return { ...common, mode: typeBits[entry.type] | (entry.mode ?? defaultMode.device), device: [entry.major, entry.minor] }
    default:
      return entry satisfies never
  }
}

/** Magic, thirteen numbers of eight hexadecimal digits, the name, the content. */
function encoded({ name, inode, mode, links, content, device }: Member): Uint8Array {
  const nameBytes = encodeText(`${name}\0`)
  const numbers = [inode, mode, 0, 0, links, 0, content.length, 0, 0, device[0], device[1], nameBytes.length, 0]
  const head = encodeText(`070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`)
  const start = padded(head.length + nameBytes.length)
  const bytes = new Uint8Array(start + padded(content.length))
  bytes.set(head)
  bytes.set(nameBytes, head.length)
  bytes.set(content, start)
  return bytes
}
