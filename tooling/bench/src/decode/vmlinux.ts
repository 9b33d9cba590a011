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
  return Buffer.concat(blocks)
}

const blockBytes = 8 << 20

/** One block: literals, then a match, in turns. Source: lz4_Block_format. */
function unpackBlock(packed: Buffer): Buffer {
  const out = Buffer.alloc(blockBytes)
  let [from, to] = [0, 0]
  const length = (nibble: number): number => {
    let total = nibble
    for (let more = nibble === 15 ? 255 : 0; more === 255; total += more) more = packed[from++]!
    return total
  }
  while (from < packed.length) {
    const token = packed[from++]!
    const literals = length(token >> 4)
    packed.copy(out, to, from, from + literals)
    from += literals
    to += literals
    if (from >= packed.length) break
    const distance = packed.readUInt16LE(from)
    from += 2
    // a match may reach into itself
    for (let left = length(token & 15) + 4; left > 0; left -= 1, to += 1) out[to] = out[to - distance]!
  }
  return out.subarray(0, to)
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
