import { type ElfFile, findNote, readElf, segmentType } from './elf.ts'
import { cString, flatSegments, type LoadedImage, type LoadOptions, type MemoryWrite, type RefusedImage, refused, tooLarge } from './loaded.ts'
import { e820Map, lowEnd } from './memory.ts'

/** XEN_ELFNOTE_PHYS32_ENTRY: the 32-bit entry point. Source: Xen public/elfnote.h. */
const phys32Entry = 18
/** Source: Xen public/arch-x86/hvm/start_info.h. */
const startMagic = 0x336e_c578
const at = { startInfo: 0x6000, modules: 0x6040, memoryMap: 0x6100, commandLine: 0x2_0000 } as const

/** The PVH entry point of an ELF file, if it has one. */
export function pvhEntry(image: Uint8Array, elf: ElfFile): number | undefined {
  const note = findNote(image, elf, 'Xen', phys32Entry)
  if (note === undefined || note.length < 4) return undefined
  return new DataView(note.buffer, note.byteOffset, note.byteLength).getUint32(0, true)
}

/** The loadable segments as writes, zeros included. */
export function segmentWrites(image: Uint8Array, elf: ElfFile, memorySize: number): readonly MemoryWrite[] | RefusedImage {
  const writes: MemoryWrite[] = []
  for (const { type, offset, physical, fileSize, memorySize: bytes } of elf.segments) {
    if (type !== segmentType.load || bytes === 0) continue
    if (bytes < fileSize) return refused(`an ELF segment has ${fileSize} bytes in the file and ${bytes} in memory`)
    if (physical + bytes > lowEnd(memorySize)) return tooLarge('the image', physical + bytes, memorySize)
    const content = new Uint8Array(bytes)
    content.set(image.subarray(offset, offset + fileSize))
    writes.push({ address: physical, bytes: content })
  }
  return writes.length === 0 ? refused('the ELF file has nothing to load: no PT_LOAD segment') : writes
}

/** Loads an ELF kernel by its PVH note: 32-bit protected mode, EBX points at hvm_start_info. */
export function loadPvh(image: Uint8Array, options: LoadOptions): LoadedImage | RefusedImage {
  const elf = readElf(image)
  if (elf.kind === 'refused') return elf
  const entry = pvhEntry(image, elf)
  if (entry === undefined) return refused('the ELF file has neither a PVH note (Xen, type 18) nor a multiboot header')
  const segments = segmentWrites(image, elf, options.memorySize)
  if ('kind' in segments) return segments
  const kernelEnd = Math.max(...segments.map(({ address, bytes }) => address + bytes.length))
  const initrdAt = Math.floor((lowEnd(options.memorySize) - (options.initrd?.length ?? 0)) / 4096) * 4096
  if (initrdAt < kernelEnd) return tooLarge('kernel and initrd together', kernelEnd + (options.initrd?.length ?? 0), options.memorySize)
  return {
    kind: 'loaded',
    protocol: 'pvh',
    writes: [
      ...segments,
      { address: at.commandLine, bytes: cString(options.commandLine ?? '') },
      { address: at.startInfo, bytes: startInfo(options, initrdAt) },
      ...(options.initrd === undefined ? [] : [{ address: initrdAt, bytes: options.initrd }]),
    ],
    start: { rip: entry, registers: { RBX: at.startInfo }, cr0: 0x11, cr3: 0, cr4: 0, efer: 0, code: flatSegments.code32, data: flatSegments.data },
  }
}

function startInfo(options: LoadOptions, initrdAt: number): Uint8Array {
  const map = e820Map(options.memorySize)
  const bytes = new Uint8Array(at.memoryMap - at.startInfo + map.length * 24)
  const v = new DataView(bytes.buffer)
  const long = (offset: number, value: number) => v.setBigUint64(offset, BigInt(value), true)
  v.setUint32(0, startMagic, true)
  v.setUint32(4, 1, true)
  v.setUint32(12, options.initrd === undefined ? 0 : 1, true)
  long(16, at.modules)
  long(24, at.commandLine)
  long(32, options.rsdp ?? 0)
  long(40, at.memoryMap)
  v.setUint32(48, map.length, true)
  long(at.modules - at.startInfo, initrdAt)
  long(at.modules - at.startInfo + 8, options.initrd?.length ?? 0)
  map.forEach(({ address, bytes: size, type }, index) => {
    const entry = at.memoryMap - at.startInfo + index * 24
    long(entry, address)
    long(entry + 8, size)
    v.setUint32(entry + 16, type, true)
  })
  return bytes
}
