import { type Entry, typeBits } from './entry.ts'
import { joined, padded } from './joined.ts'
import { encodeText } from './text.ts'

const defaultMode = { directory: 0o755, file: 0o644, link: 0o777, device: 0o600 } as const
const trailer = 'TRAILER!!!'
const largest = 0xffff_ffff
const nothing = new Uint8Array()

interface Member {
  readonly name: string
  readonly inode: number
  readonly mode: number
  readonly links: number
  readonly content: Uint8Array
  readonly device: readonly [number, number]
}

/**
 * A "newc" archive of the entries, in their order. The same entries give the same bytes: times are zero, owners root, and
 * inodes count from one. Source: Linux Documentation/driver-api/early-userspace/buffer-format.rst.
 * @throws {RangeError} if a path is empty, begins with a slash or holds a NUL, or a file is 4 GiB or longer.
 */
export function cpio(entries: readonly Entry[]): Uint8Array {
  const members = entries.map((entry, index) => memberOf(entry, index + 1))
  const end: Member = { name: trailer, inode: 0, mode: 0, links: 1, content: nothing, device: [0, 0] }
  return joined(...[...members, end].map(encoded))
}

function memberOf(entry: Entry, inode: number): Member {
  const { path: name } = entry
  if (name === '' || name.startsWith('/') || name.includes('\0'))
    throw new RangeError(`not a path in an archive: "${name}"`)
  const links = entry.kind === 'directory' ? 2 : 1
  const common = { name, inode, links, device: [0, 0] as const, content: nothing }
  switch (entry.kind) {
    case 'directory':
      return { ...common, mode: typeBits.directory | (entry.mode ?? defaultMode.directory) }
    case 'file':
      if (entry.content.length > largest) throw new RangeError(`${name} has ${entry.content.length} bytes, over 4 GiB`)
      return { ...common, mode: typeBits.file | (entry.mode ?? defaultMode.file), content: entry.content }
    case 'link':
      return { ...common, mode: typeBits.link | defaultMode.link, content: encodeText(entry.target) }
    case 'device': {
      const mode = typeBits[entry.type] | (entry.mode ?? defaultMode.device)
      return { ...common, mode, device: [entry.major, entry.minor] }
    }
    default:
      return entry satisfies never
  }
}

/** Magic, thirteen numbers of eight hexadecimal digits, the name, the content, each padded. */
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
