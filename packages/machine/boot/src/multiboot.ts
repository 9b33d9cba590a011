import { pageUp, viewOf } from './bytes.ts'
import { isElf, physicalEntry, readElf, segmentWrites } from './elf.ts'
import {
  cString,
  type LoadedImage,
  type LoadOptions,
  type MemoryWrite,
  protectedStart,
  type RefusedImage,
  refused,
  tooLarge,
} from './loaded.ts'
import { lowPlace } from './low-memory.ts'
import { e820Map, lowEnd } from './memory.ts'

/** Source: Multiboot Specification 0.6.96, §3.1 to §3.3. */
const headerMagic = 0x1bad_b002
const loaderMagic = 0x2bad_b002
const searched = 8192
const headerFlag = { alignModules: 1, memory: 2, video: 4, addresses: 1 << 16 } as const
/** Flags that a loader must refuse unless it knows them: the lower half. A video mode is a wish. */
const unknownRequirements = 0xffff & ~(headerFlag.alignModules | headerFlag.memory | headerFlag.video)
const infoFlag = { memory: 1, commandLine: 4, modules: 8, memoryMap: 1 << 6, loaderName: 1 << 9 } as const
const infoSize = 88
const moduleSize = 16
const mapEntrySize = 24
const preferredPlace = 0x9000
const lowKibibytes = 639
const highMemory = 0x10_0000

/** Where the header is, or undefined. Its first three words add up to zero. */
export function findMultiboot(image: Uint8Array): number | undefined {
  const v = viewOf(image)
  for (let at = 0; at + 12 <= Math.min(image.length, searched); at += 4) {
    if (v.getUint32(at, true) !== headerMagic) continue
    if (((headerMagic + v.getUint32(at + 4, true) + v.getUint32(at + 8, true)) | 0) === 0) return at
  }
  return undefined
}

/**
 * Loads a multiboot 1 image: 32-bit protected mode, EAX the magic, EBX the information structure, of which every field that
 * a machine without a BIOS can know is filled, asked for or not.
 */
export function loadMultiboot(image: Uint8Array, options: LoadOptions): LoadedImage | RefusedImage {
  const header = findMultiboot(image)
  if (header === undefined) return refused('no multiboot header in the first 8 KiB')
  const placed = place(image, header, options.memorySize)
  if (placed.kind === 'refused') return placed
  const { memorySize, initrd } = options
  const imageEnd = placed.writes.reduce((end, { address, bytes }) => Math.max(end, address + bytes.length), 0)
  // never among what firmware and the information structure have below 1 MiB
  const moduleAt = Math.max(pageUp(imageEnd), highMemory)
  const end = moduleAt + (initrd?.length ?? 0)
  if (initrd !== undefined && end > lowEnd(memorySize)) return tooLarge('the image with its module', end, memorySize)
  const size = information(options, 0, moduleAt).length
  const infoAt = lowPlace(placed.writes, preferredPlace, size)
  if (infoAt === undefined) return refused(`no ${size} bytes below 640 KiB are free for the multiboot information`)
  return {
    kind: 'loaded',
    protocol: 'multiboot',
    writes: [
      ...placed.writes,
      { address: infoAt, bytes: information(options, infoAt, moduleAt) },
      ...(initrd === undefined ? [] : [{ address: moduleAt, bytes: initrd }]),
    ],
    start: protectedStart(placed.entry, { RAX: loaderMagic, RBX: infoAt }),
  }
}

interface Placed {
  readonly kind: 'placed'
  readonly writes: readonly MemoryWrite[]
  readonly entry: number
}

function place(image: Uint8Array, header: number, memorySize: number): Placed | RefusedImage {
  const flags = viewOf(image).getUint32(header + 4, true)
  const unknown = flags & unknownRequirements
  if (unknown !== 0)
    return refused(`the multiboot header requires what no loader knows: flags 0x${unknown.toString(16)}`)
  if ((flags & headerFlag.addresses) !== 0) return placeByAddresses(image, header, memorySize)
  if (!isElf(image)) return refused('the multiboot header gives no addresses and the image is no ELF file')
  const elf = readElf(image)
  if (elf.kind === 'refused') return elf
  const writes = segmentWrites(image, elf, memorySize)
  return 'kind' in writes ? writes : { kind: 'placed', writes, entry: physicalEntry(elf) }
}

/** The address fields say what part of the file goes where. Source: §3.1.3. */
function placeByAddresses(image: Uint8Array, header: number, memorySize: number): Placed | RefusedImage {
  if (header + 32 > image.length) return refused('the image ends inside its multiboot header')
  const v = viewOf(image)
  const field = (offset: number) => v.getUint32(header + offset, true)
  const [headerAt, load, loadEnd, bssEnd, entry] = [field(12), field(16), field(20), field(24), field(28)]
  const first = header - (headerAt - load)
  const bytes = loadEnd === 0 ? image.length - first : loadEnd - load
  if (first < 0 || bytes <= 0 || first + bytes > image.length) {
    return refused('the multiboot image is truncated or corrupt: its header places bytes that the file does not have')
  }
  const size = Math.max(bytes, bssEnd === 0 ? 0 : bssEnd - load)
  if (load + size > lowEnd(memorySize)) return tooLarge('the image', load + size, memorySize)
  const content = new Uint8Array(size)
  content.set(image.subarray(first, first + bytes))
  return { kind: 'placed', writes: [{ address: load, bytes: content }], entry }
}

/** The information structure, the memory map, one module, the loader's name and the command line, from `place` on. */
function information({ memorySize, initrd, commandLine }: LoadOptions, place: number, moduleAt: number): Uint8Array {
  const map = e820Map(memorySize)
  const [name, text] = [cString('vmm'), cString(commandLine ?? '')]
  const mapAt = infoSize
  const modulesAt = mapAt + map.length * mapEntrySize
  const nameAt = modulesAt + moduleSize
  const textAt = nameAt + name.length
  const bytes = new Uint8Array(textAt + text.length)
  bytes.set(name, nameAt)
  bytes.set(text, textAt)
  const v = viewOf(bytes)
  const word = (offset: number, value: number) => v.setUint32(offset, value, true)
  const { memory, commandLine: arguments_, modules, memoryMap, loaderName } = infoFlag
  word(0, memory | arguments_ | modules | memoryMap | loaderName)
  word(4, lowKibibytes)
  word(8, Math.floor(Math.max(0, lowEnd(memorySize) - highMemory) / 1024))
  word(16, place + textAt)
  word(20, initrd === undefined ? 0 : 1)
  word(24, place + modulesAt)
  word(44, map.length * mapEntrySize)
  word(48, place + mapAt)
  word(64, place + nameAt)
  if (initrd !== undefined) {
    word(modulesAt, moduleAt)
    word(modulesAt + 4, moduleAt + initrd.length)
    // a module's own string: empty
    word(modulesAt + 8, place + textAt - 1)
  }
  map.forEach(({ address, bytes: length, type }, index) => {
    const entry = mapAt + index * mapEntrySize
    word(entry, mapEntrySize - 4)
    v.setBigUint64(entry + 4, BigInt(address), true)
    v.setBigUint64(entry + 12, BigInt(length), true)
    word(entry + 20, type)
  })
  return bytes
}
