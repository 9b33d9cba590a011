/** An entry of an initramfs. Paths are relative to the root, without a leading slash. Modes are permissions alone. */
export type Entry = Directory | File | Link | DeviceNode

/** A directory; its parent comes first in an archive. */
export interface Directory {
  readonly kind: 'directory'
  readonly path: string
  readonly mode?: number
}

/** A regular file. */
export interface File {
  readonly kind: 'file'
  readonly path: string
  readonly content: Uint8Array
  readonly mode?: number
}

/** A symbolic link. */
export interface Link {
  readonly kind: 'link'
  readonly path: string
  readonly target: string
}

/** A device node. */
export interface DeviceNode {
  readonly kind: 'device'
  readonly path: string
  readonly type: 'character' | 'block'
  readonly major: number
  readonly minor: number
  readonly mode?: number
}

/** File types of st_mode. Source: POSIX sys/stat.h, Linux inode(7). */
export const typeBits = {
  directory: 0o040000,
  file: 0o100000,
  link: 0o120000,
  character: 0o020000,
  block: 0o060000,
} as const
