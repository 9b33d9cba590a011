import { viewOf } from './bytes.ts'
import { type MemoryWrite, type RefusedImage, refused, tooLarge } from './loaded.ts'
import { lowEnd } from './memory.ts'
import { decodeText } from './text.ts'

/** A program header of an ELF file, 32- or 64-bit. */
export interface Segment {
  readonly type: number
  readonly offset: number
  readonly linear: number
  readonly physical: number
  readonly fileSize: number
  readonly memorySize: number
}

/** What an ELF file's headers say. */
export interface ElfFile {
  readonly kind: 'elf'
  readonly entry: number
  readonly segments: readonly Segment[]
}

/** Source: System V ABI, chapters 4 (ELF Header) and 5 (Program Header); psABI i386 and x86-64, Machine Information. */
const machines = { i386: 3, x8664: 62 } as const
const segmentType = { load: 1, note: 4 } as const
const classes = { 1: { header: 52, segment: 32 }, 2: { header: 64, segment: 56 } } as const
const noteHeader = 12

/** Whether bytes have the mark of an ELF file. */
export function isElf(image: Uint8Array): boolean {
  return image.length >= 4 && viewOf(image).getUint32(0, true) === 0x464c_457f
}

/** Reads the headers of a little-endian x86 ELF file. All segments are inside the file. */
export function readElf(image: Uint8Array): ElfFile | RefusedImage {
  const size = classes[image[4] as 1 | 2] as (typeof classes)[1 | 2] | undefined
  if (size === undefined) return refused(`the ELF file has class ${image[4]}; 1 (32-bit) or 2 (64-bit) is needed`)
  if (image.length < size.header) return refused(`the ELF file ends inside its header, after ${image.length} bytes`)
  if (image[5] !== 1) return refused('the ELF file is big-endian; a little-endian x86 one is needed')
  const v = viewOf(image)
  const machine = v.getUint16(18, true)
  if (machine !== machines.i386 && machine !== machines.x8664) {
    return refused(`the ELF file is for machine ${machine}; 3 (i386) or 62 (x86-64) is needed`)
  }
  const long = size === classes[2]
  const word = (at: number) => (long ? Number(v.getBigUint64(at, true)) : v.getUint32(at, true))
  const table = long ? word(32) : word(28)
  const stride = v.getUint16(long ? 54 : 42, true)
  const count = v.getUint16(long ? 56 : 44, true)
  if (count === 0 || stride < size.segment || table + stride * count > image.length) {
    const where = `${count} of ${stride} bytes at ${table}, file of ${image.length}`
    return refused(`the ELF file's program headers lie outside it: ${where}`)
  }
  const segments = Array.from({ length: count }, (_, index) => segmentAt(v, table + index * stride, long))
  const outside = segments.find(({ offset, fileSize }) => offset + fileSize > image.length)
  if (outside === undefined) return { kind: 'elf', entry: word(24), segments }
  return refused(
    `the ELF file is truncated: a segment ends at ${outside.offset + outside.fileSize}, the file at ${image.length}`,
  )
}

function segmentAt(v: DataView, at: number, long: boolean): Segment {
  const word = (offset: number) => v.getUint32(at + offset, true)
  const wide = (offset: number) => Number(v.getBigUint64(at + offset, true))
  const type = word(0)
  return long
    ? { type, offset: wide(8), linear: wide(16), physical: wide(24), fileSize: wide(32), memorySize: wide(40) }
    : { type, offset: word(4), linear: word(8), physical: word(12), fileSize: word(16), memorySize: word(20) }
}

/** Where the entry point is in memory: the file gives its linear address, which may be that of a segment loaded elsewhere. */
export function physicalEntry({ entry, segments }: ElfFile): number {
  const home = segments.find(
    ({ type, linear, memorySize }) => type === segmentType.load && entry >= linear && entry < linear + memorySize,
  )
  return home === undefined ? entry : entry - home.linear + home.physical
}

/** The descriptor of a note by owner and type, or undefined. Looks at no more bytes than the file has. */
export function findNote(image: Uint8Array, elf: ElfFile, owner: string, type: number): Uint8Array | undefined {
  let budget = image.length
  for (const { offset, fileSize } of elf.segments.filter((segment) => segment.type === segmentType.note)) {
    budget -= fileSize
    if (budget < 0) return undefined
    const found = noteIn(image.subarray(offset, offset + fileSize), owner, type)
    if (found !== undefined) return found
  }
  return undefined
}

function noteIn(notes: Uint8Array, owner: string, type: number): Uint8Array | undefined {
  const v = viewOf(notes)
  const padded = (bytes: number) => Math.ceil(bytes / 4) * 4
  for (let at = 0; at + noteHeader <= notes.length; ) {
    const [nameSize, descriptorSize] = [v.getUint32(at, true), v.getUint32(at + 4, true)]
    const name = at + noteHeader
    const descriptor = name + padded(nameSize)
    if (descriptor + descriptorSize > notes.length) return undefined
    const isOwner = nameSize === owner.length + 1 && decodeText(notes.subarray(name, name + owner.length)) === owner
    if (isOwner && v.getUint32(at + 8, true) === type) return notes.subarray(descriptor, descriptor + descriptorSize)
    at = descriptor + padded(descriptorSize)
  }
  return undefined
}

/** What is to be loaded as writes, in ascending order, zeros included; refuses what memory cannot hold. */
export function segmentWrites(
  image: Uint8Array,
  elf: ElfFile,
  memorySize: number,
): readonly MemoryWrite[] | RefusedImage {
  const loadable = elf.segments.filter((segment) => segment.type === segmentType.load && segment.memorySize > 0)
  if (loadable.length === 0) return refused('the ELF file has nothing to load: no PT_LOAD segment')
  loadable.sort((a, b) => a.physical - b.physical)
  let end = 0
  for (const { physical, fileSize, memorySize: size } of loadable) {
    if (size < fileSize) return refused(`the ELF file is corrupt: ${fileSize} bytes of a segment for ${size} of memory`)
    if (physical < end) return refused(`the ELF file is corrupt: two segments share address 0x${physical.toString(16)}`)
    end = physical + size
    if (end > lowEnd(memorySize)) return tooLarge('the image', end, memorySize)
  }
  return loadable.map(({ physical, offset, fileSize, memorySize: size }) => {
    const bytes = new Uint8Array(size)
    bytes.set(image.subarray(offset, offset + fileSize))
    return { address: physical, bytes }
  })
}
