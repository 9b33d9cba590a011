/** The payload of a bzImage, which is compressed. Source: Linux, Documentation/arch/x86/boot.rst, `payload_offset`. */
export function payloadOf(image: Buffer): Buffer {
  const setupSectors = image[0x1f1] || 4
  const from = (setupSectors + 1) * 512 + image.readUInt32LE(0x248)
  return image.subarray(from, from + image.readUInt32LE(0x24c))
}

const legacyMagic = 0x184c2102

/** What LZ4's older frames hold, as kernels are compressed: blocks behind their sizes. Source: lz4_Frame_format, Legacy frame. */
export function unpackLz4(packed: Buffer): Buffer {
  if (packed.readUInt32LE(0) !== legacyMagic) throw new Error('the kernel is not compressed by LZ4')
  const blocks: Buffer[] = []
  // the last four bytes are the kernel's size
  for (let at = 4; at + 4 < packed.length; ) {
    const size = packed.readUInt32LE(at)
    blocks.push(unpackBlock(packed.subarray(at + 4, at + 4 + size)))
    at += 4 + size
  }
  const all = Buffer.concat(blocks)
  const size = packed.readUInt32LE(packed.length - 4)
  if (all.length !== size) throw new Error(`the kernel has ${all.length} bytes, and ${size} were told`)
  return all
}

const blockBytes = 8 << 20

/** A length as tokens have it: 15 goes on in bytes, of which the last is not 255. Gives it, and where it ends. */
function lengthAt(packed: Uint8Array, nibble: number, at: number): readonly [length: number, end: number] {
  if (nibble < 15) return [nibble, at]
  let end = at
  let total = nibble
  while (packed[end] === 255) {
    total += 255
    end += 1
  }
  return [total + packed[end]!, end + 1]
}

/**
 * One block: literals, then a match, in turns. No function in it shares its variables: V8 14.6 (Maglev, replacing a loop while it runs) loses what such a one
 * assigns. Source: lz4_Block_format.
 */
function unpackBlock(packed: Buffer): Buffer {
  const out = Buffer.alloc(blockBytes)
  let to = 0
  for (let from = 0; from < packed.length; ) {
    const token = packed[from]!
    const [literals, begin] = lengthAt(packed, token >> 4, from + 1)
    packed.copy(out, to, begin, begin + literals)
    to += literals
    from = begin + literals
    if (from >= packed.length) break
    const distance = packed.readUInt16LE(from)
    const [match, end] = lengthAt(packed, token & 15, from + 2)
    repeat(out, to - distance, to, match + 4)
    to += match + 4
    from = end
  }
  return out.subarray(0, to)
}

/** A match may reach into itself. */
function repeat(bytes: Uint8Array, from: number, to: number, length: number): void {
  for (let at = 0; at < length; at += 1) bytes[to + at] = bytes[from + at]!
}

/** The section .text of a 64-bit ELF file. Source: System V ABI, Sections. */
export function textOf(file: Buffer): Uint8Array {
  const [sections, size, count, names] = [
    Number(file.readBigUInt64LE(0x28)),
    file.readUInt16LE(0x3a),
    file.readUInt16LE(0x3c),
    file.readUInt16LE(0x3e),
  ]
  const header = (index: number) => sections + index * size
  const place = (index: number) =>
    [Number(file.readBigUInt64LE(header(index) + 0x18)), Number(file.readBigUInt64LE(header(index) + 0x20))] as const
  const [strings] = place(names)
  for (let index = 0; index < count; index += 1) {
    const name = strings + file.readUInt32LE(header(index))
    if (file.toString('latin1', name, name + 6) !== '.text\0') continue
    const [offset, bytes] = place(index)
    return new Uint8Array(file.subarray(offset, offset + bytes))
  }
  throw new Error('the file has no section .text')
}
