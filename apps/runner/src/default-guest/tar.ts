/** A file or a link in a tar archive; what is neither is left out. */
export interface TarMember {
  /** Without a leading `./` or `/`. */
  readonly path: string
  readonly content: Uint8Array
  /** The target of a link. */
  readonly link: string | undefined
}

const block = 512
const types = { file: ['0', '\0', '7'], link: ['1', '2'], longName: 'L', longLink: 'K', extended: 'x' } as const

/**
 * The files of an archive, one after another: ustar, with the long names of GNU and of POSIX.
 * @throws {RangeError} if the archive ends inside a member or a size is no number.
 */
export function* readTar(archive: Buffer): Generator<TarMember> {
  let [name, link]: [string | undefined, string | undefined] = [undefined, undefined]
  for (let at = 0; at + block <= archive.length && archive[at] !== 0; ) {
    const type = String.fromCharCode(archive[at + 156]!)
    const size = numberAt(archive, at + 124, 12)
    const start = at + block
    if (start + size > archive.length)
      throw new RangeError(`the tar archive ends inside a member, at ${archive.length}`)
    const content = archive.subarray(start, start + size)
    if (type === types.longName) name = textIn(content)
    else if (type === types.longLink) link = textIn(content)
    else if (type === types.extended) name = extendedPath(content) ?? name
    else {
      const path = (name ?? plainName(archive, at)).replace(/^(\.?\/)+/, '')
      const isLink = (types.link as readonly string[]).includes(type)
      const target = isLink ? (link ?? textIn(archive.subarray(at + 157, at + 257))) : undefined
      if (isLink || (types.file as readonly string[]).includes(type)) yield { path, content, link: target }
      name = undefined
      link = undefined
    }
    at = start + Math.ceil(size / block) * block
  }
}

const textIn = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

function plainName(archive: Buffer, at: number): string {
  const [name, prefix] = [textIn(archive.subarray(at, at + 100)), textIn(archive.subarray(at + 345, at + 500))]
  const isUstar = archive.toString('latin1', at + 257, at + 263) === 'ustar\0'
  return isUstar && prefix !== '' ? `${prefix}/${name}` : name
}

/** Octal digits; or, where the first bit is set, a binary number. */
function numberAt(archive: Buffer, at: number, length: number): number {
  if ((archive[at]! & 0x80) !== 0) return Number(archive.readBigUInt64BE(at + length - 8))
  const text = textIn(archive.subarray(at, at + length)).trim()
  if (!/^[0-7]*$/.test(text)) throw new RangeError(`no size in the header of a tar member: ${text}`)
  return text === '' ? 0 : Number.parseInt(text, 8)
}

/** The path in a POSIX extended header: lines of "length key=value". */
function extendedPath(content: Buffer): string | undefined {
  return /^\d+ path=(.*)$/m.exec(content.toString())?.[1]
}
