import { type RefusedImage, refused } from './loaded.ts'
import { decodeText } from './text.ts'

/** A program header of an ELF file, 32- or 64-bit. */
export interface Segment {
  readonly type: number
  readonly offset: number
  readonly physical: number
  readonly fileSize: number
  readonly memorySize: number
}

export interface ElfFile {
  readonly kind: 'elf'
  readonly bits: 32 | 64
  /** 3 is EM_386, 62 EM_X86_64. */
  readonly machine: number
  readonly entry: number
  readonly segments: readonly Segment[]
}

/** PT_LOAD and PT_NOTE. Source: System V ABI, Program Header. */
export const segmentType = { load: 1, note: 4 } as const

export function isElf(image: Uint8Array): boolean {
  return image.length > 52 && image[0] === 0x7f && image[1] === 0x45 && image[2] === 0x4c && image[3] === 0x46
}

/** Reads the headers of a little-endian x86 ELF file. */
export function readElf(image: Uint8Array): ElfFile | RefusedImage {
  const v = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const bits = image[4] === 2 ? 64 : 32
  if (image[5] !== 1) return refused('the ELF file is big-endian; a little-endian x86 one is needed')
  const machine = v.getUint16(18, true)
  if (machine !== 3 && machine !== 62) return refused(`the ELF file is for machine ${machine}; 3 (i386) or 62 (x86-64) is needed`)
  if (bits === 64 && image.length < 64) return refused('the ELF file ends inside its header')
  const word = (at: number) => (bits === 64 ? Number(v.getBigUint64(at, true)) : v.getUint32(at, true))
  const table = bits === 64 ? word(32) : word(28)
  const size = v.getUint16(bits === 64 ? 54 : 42, true)
  const count = v.getUint16(bits === 64 ? 56 : 44, true)
  if (count === 0 || size < (bits === 64 ? 56 : 32) || table + size * count > image.length) {
    return refused(`the ELF file's program headers lie outside it: ${count} of ${size} bytes at ${table}, file of ${image.length}`)
  }
  const segments = Array.from({ length: count }, (_, index) => segmentAt(v, table + index * size, bits))
  const outside = segments.find(({ offset, fileSize }) => offset + fileSize > image.length)
  if (outside !== undefined) return refused(`the ELF file is truncated: a segment ends at ${outside.offset + outside.fileSize}, the file at ${image.length}`)
  return { kind: 'elf', bits, machine, entry: word(24), segments }
}

function segmentAt(v: DataView, at: number, bits: 32 | 64): Segment {
  if (bits === 32) {
    return { type: v.getUint32(at, true), offset: v.getUint32(at + 4, true), physical: v.getUint32(at + 12, true), fileSize: v.getUint32(at + 16, true), memorySize: v.getUint32(at + 20, true) }
  }
  const long = (offset: number) => Number(v.getBigUint64(at + offset, true))
  return { type: v.getUint32(at, true), offset: long(8), physical: long(24), fileSize: long(32), memorySize: long(40) }
}

/** The descriptor of a note by owner and type, or undefined. */
export function findNote(image: Uint8Array, elf: ElfFile, owner: string, type: number): Uint8Array | undefined {
  const v = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const padded = (bytes: number) => (bytes + 3) & ~3
  for (const { offset, fileSize } of elf.segments.filter((segment) => segment.type === segmentType.note)) {
    for (let at = offset; at + 12 <= offset + fileSize; ) {
      const [nameSize, descriptorSize, noteType] = [v.getUint32(at, true), v.getUint32(at + 4, true), v.getUint32(at + 8, true)]
      const descriptor = at + 12 + padded(nameSize)
      if (descriptor + descriptorSize > offset + fileSize) break
      const name = decodeText(image.subarray(at + 12, at + 12 + Math.max(0, nameSize - 1)))
      if (name === owner && noteType === type) return image.subarray(descriptor, descriptor + descriptorSize)
      at = descriptor + padded(descriptorSize)
    }
  }
  return undefined
}
