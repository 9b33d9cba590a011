import { pageDown, viewOf } from './bytes.ts'
import { findNote, readElf, segmentWrites } from './elf.ts'
import {
  cString,
  type LoadedImage,
  type LoadOptions,
  protectedStart,
  type RefusedImage,
  refused,
  tooLarge,
} from './loaded.ts'
import { lowPlace } from './low-memory.ts'
import { e820Map, lowEnd } from './memory.ts'

/** XEN_ELFNOTE_PHYS32_ENTRY: the 32-bit entry point. Source: Xen public/elfnote.h. */
const phys32Entry = 18
/** Source: Xen public/arch-x86/hvm/start_info.h. */
const startMagic = 0x336e_c578
const startInfoSize = 56
const moduleSize = 32
const mapEntrySize = 24
const preferredPlace = 0x6000

/** Loads an ELF kernel by its PVH note: 32-bit protected mode, EBX points at hvm_start_info. */
export function loadPvh(image: Uint8Array, options: LoadOptions): LoadedImage | RefusedImage {
  const elf = readElf(image)
  if (elf.kind === 'refused') return elf
  const note = findNote(image, elf, 'Xen', phys32Entry)
  if (note === undefined || note.length < 4) {
    return refused('the ELF file has neither a PVH note (Xen, type 18) nor a multiboot header')
  }
  const { memorySize, initrd } = options
  const segments = segmentWrites(image, elf, memorySize)
  if ('kind' in segments) return segments
  const kernelEnd = segments.reduce((end, { address, bytes }) => Math.max(end, address + bytes.length), 0)
  const initrdAt = pageDown(lowEnd(memorySize) - (initrd?.length ?? 0))
  if (initrdAt < kernelEnd) {
    return tooLarge('the kernel with its initrd', kernelEnd + (initrd?.length ?? 0), memorySize)
  }
  const size = startInfo(options, 0, initrdAt).length
  const place = lowPlace(segments, preferredPlace, size)
  if (place === undefined)
    return refused(`no ${size} bytes below 640 KiB are free for the command line and the memory map`)
  return {
    kind: 'loaded',
    protocol: 'pvh',
    writes: [
      ...segments,
      { address: place, bytes: startInfo(options, place, initrdAt) },
      ...(initrd === undefined ? [] : [{ address: initrdAt, bytes: initrd }]),
    ],
    start: protectedStart(viewOf(note).getUint32(0, true), { RBX: place }),
  }
}

/** hvm_start_info, one module, the memory map and the command line, one after another from `place`. */
function startInfo(
  { memorySize, initrd, rsdp, commandLine }: LoadOptions,
  place: number,
  initrdAt: number,
): Uint8Array {
  const map = e820Map(memorySize)
  const text = cString(commandLine ?? '')
  const mapAt = startInfoSize + 8 + moduleSize
  const textAt = mapAt + map.length * mapEntrySize
  const bytes = new Uint8Array(textAt + text.length)
  bytes.set(text, textAt)
  const v = viewOf(bytes)
  const long = (offset: number, value: number) => v.setBigUint64(offset, BigInt(value), true)
  v.setUint32(0, startMagic, true)
  v.setUint32(4, 1, true)
  v.setUint32(12, initrd === undefined ? 0 : 1, true)
  long(16, place + startInfoSize + 8)
  long(24, place + textAt)
  long(32, rsdp ?? 0)
  long(40, place + mapAt)
  v.setUint32(48, map.length, true)
  long(startInfoSize + 8, initrdAt)
  long(startInfoSize + 16, initrd?.length ?? 0)
  map.forEach(({ address, bytes: size, type }, index) => {
    const entry = mapAt + index * mapEntrySize
    long(entry, address)
    long(entry + 8, size)
    v.setUint32(entry + 16, type, true)
  })
  return bytes
}
