import { encodeText } from '../src/text.ts'

/** What a sample bzImage may say otherwise than usual. */
export interface BzImageParts {
  readonly version?: number
  readonly xloadFlags?: number
  readonly preferred?: number
  readonly initSize?: number
  readonly initrdMax?: number
  readonly commandLineSize?: number
  readonly payload?: Uint8Array
}

const setupSectors = 3

/** A file with the header of a Linux kernel: three setup sectors and a payload. */
export function bzImage(parts: BzImageParts = {}): Uint8Array {
  const payload = parts.payload ?? Uint8Array.from({ length: 4096 }, (_, index) => index & 0xff)
  const image = new Uint8Array((setupSectors + 1) * 512 + payload.length)
  image.set(payload, (setupSectors + 1) * 512)
  const v = new DataView(image.buffer)
  image[0x1f1] = setupSectors
  v.setUint32(0x1f4, Math.ceil(payload.length / 16), true)
  v.setUint16(0x1fe, 0xaa55, true)
  v.setUint16(0x200, 0x66eb, true)
  v.setUint32(0x202, 0x5372_6448, true)
  v.setUint16(0x206, parts.version ?? 0x20f, true)
  image[0x211] = 1
  v.setUint32(0x22c, parts.initrdMax ?? 0x7fff_ffff, true)
  v.setUint16(0x236, parts.xloadFlags ?? 0x7f, true)
  v.setUint32(0x238, parts.commandLineSize ?? 2047, true)
  v.setBigUint64(0x258, BigInt(parts.preferred ?? 0x100_0000), true)
  v.setUint32(0x260, parts.initSize ?? 0x20_0000, true)
  return image
}

/** A segment of a sample ELF file. */
export interface Part {
  readonly type: 'load' | 'note'
  /** The address that it is linked for, where it is not its physical one. */
  readonly linear?: number
  readonly physical?: number
  readonly content: Uint8Array
  readonly memorySize?: number
}

const typeNumbers = { load: 1, note: 4 } as const

/** An ELF file of 32 or 64 bits with these segments, their contents one after another behind the headers. */
export function elf(bits: 32 | 64, entry: number, parts: readonly Part[]): Uint8Array {
  const long = bits === 64
  const [headerSize, stride] = long ? [64, 56] : [52, 32]
  const start = headerSize + stride * parts.length
  const image = new Uint8Array(start + parts.reduce((sum, { content }) => sum + content.length, 0))
  const v = new DataView(image.buffer)
  const word = (at: number, value: number) =>
    long ? v.setBigUint64(at, BigInt(value), true) : v.setUint32(at, value, true)
  image.set([0x7f, 0x45, 0x4c, 0x46, long ? 2 : 1, 1, 1])
  v.setUint16(16, 2, true)
  v.setUint16(18, long ? 62 : 3, true)
  word(24, entry)
  word(long ? 32 : 28, headerSize)
  v.setUint16(long ? 54 : 42, stride, true)
  v.setUint16(long ? 56 : 44, parts.length, true)
  let offset = start
  parts.forEach(({ type, physical = 0, linear = physical, content, memorySize = content.length }, index) => {
    const at = headerSize + index * stride
    v.setUint32(at, typeNumbers[type], true)
    const fields = long
      ? ([
          [8, offset],
          [16, linear],
          [24, physical],
          [32, content.length],
          [40, memorySize],
        ] as const)
      : ([
          [4, offset],
          [8, linear],
          [12, physical],
          [16, content.length],
          [20, memorySize],
        ] as const)
    for (const [field, value] of fields) word(at + field, value)
    image.set(content, offset)
    offset += content.length
  })
  return image
}

/** One ELF note. */
export function note(owner: string, type: number, descriptor: Uint8Array): Uint8Array {
  const name = encodeText(`${owner}\0`)
  const padded = (length: number) => Math.ceil(length / 4) * 4
  const bytes = new Uint8Array(12 + padded(name.length) + padded(descriptor.length))
  const v = new DataView(bytes.buffer)
  v.setUint32(0, name.length, true)
  v.setUint32(4, descriptor.length, true)
  v.setUint32(8, type, true)
  bytes.set(name, 12)
  bytes.set(descriptor, 12 + padded(name.length))
  return bytes
}

/** The multiboot header: magic, flags, checksum, then whatever follows. */
export function multibootHeader(flags: number, ...fields: readonly number[]): Uint8Array {
  const words = [0x1bad_b002, flags, -(0x1bad_b002 + flags) >>> 0, ...fields]
  const bytes = new Uint8Array(words.length * 4)
  words.forEach((word, index) => {
    new DataView(bytes.buffer).setUint32(index * 4, word, true)
  })
  return bytes
}
