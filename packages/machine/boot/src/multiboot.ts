import { isElf, readElf } from './elf.ts'
import { cString, flatSegments, type LoadedImage, type LoadOptions, type MemoryWrite, type RefusedImage, refused, tooLarge } from './loaded.ts'
import { e820Map, lowEnd } from './memory.ts'
import { segmentWrites } from './pvh.ts'

/** Source: Multiboot Specification 0.6.96, §3.1 and §3.3. */
const headerMagic = 0x1bad_b002
const loaderMagic = 0x2bad_b002
const searched = 8192
const headerFlag = { addresses: 1 << 16 } as const
const infoFlag = { memory: 1, commandLine: 4, modules: 8, memoryMap: 1 << 6, loaderName: 1 << 9 } as const
/** Low memory that test kernels leave alone: not page 0, not the trampolines at 1000H and 2000H. */
const at = { memoryMap: 0x9000, info: 0x9500, modules: 0x9600, loaderName: 0x9620, commandLine: 0x9700 } as const

/** Where the header is, or undefined. Its three words add up to zero. */
export function findMultiboot(image: Uint8Array): number | undefined {
  const v = new DataView(image.buffer, image.byteOffset, image.byteLength)
  for (let offset = 0; offset + 12 <= Math.min(image.length, searched); offset += 4) {
    if (v.getUint32(offset, true) !== headerMagic) continue
    if (((headerMagic + v.getUint32(offset + 4, true) + v.getUint32(offset + 8, true)) | 0) === 0) return offset
  }
  return undefined
}

/** Loads a multiboot 1 image: 32-bit protected mode, EAX the magic, EBX the information structure. All fields are filled. */
export function loadMultiboot(image: Uint8Array, options: LoadOptions): LoadedImage | RefusedImage {
  const header = findMultiboot(image)
  if (header === undefined) return refused('no multiboot header in the first 8 KiB')
  const placed = place(image, header, options.memorySize)
  if (placed.kind === 'refused') return placed
  const imageEnd = Math.max(...placed.writes.map(({ address, bytes }) => address + bytes.length))
  const moduleAt = Math.ceil(imageEnd / 4096) * 4096
  const commandLine = cString(options.commandLine ?? '')
  if (moduleAt + (options.initrd?.length ?? 0) > lowEnd(options.memorySize)) return tooLarge('image and module together', moduleAt + (options.initrd?.length ?? 0), options.memorySize)
  const longCommand = commandLine.length > 0x800
  const commandAt = longCommand ? Math.ceil((moduleAt + (options.initrd?.length ?? 0)) / 4096) * 4096 : at.commandLine
  return {
    kind: 'loaded',
    protocol: 'multiboot',
    writes: [
      ...information(options, moduleAt, commandAt),
      { address: commandAt, bytes: commandLine },
      ...placed.writes,
      ...(options.initrd === undefined ? [] : [{ address: moduleAt, bytes: options.initrd }]),
    ],
    start: { rip: placed.entry, registers: { RAX: loaderMagic, RBX: at.info }, cr0: 0x11, cr3: 0, cr4: 0, efer: 0, code: flatSegments.code32, data: flatSegments.data },
  }
}

type Placed = { readonly kind: 'placed'; readonly writes: readonly MemoryWrite[]; readonly entry: number }

function place(image: Uint8Array, header: number, memorySize: number): Placed | RefusedImage {
  const v = new DataView(image.buffer, image.byteOffset, image.byteLength)
  if ((v.getUint32(header + 4, true) & headerFlag.addresses) !== 0) return placeByAddresses(image, header, memorySize)
  if (!isElf(image)) return refused('the multiboot header gives no addresses and the image is no ELF file')
  const elf = readElf(image)
  if (elf.kind === 'refused') return elf
  const writes = segmentWrites(image, elf, memorySize)
  return 'kind' in writes ? writes : { kind: 'placed', writes, entry: elf.entry }
}

function placeByAddresses(image: Uint8Array, header: number, memorySize: number): Placed | RefusedImage {
  if (header + 32 > image.length) return refused('the image ends inside its multiboot header')
  const v = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const [headerAt, load, loadEnd, bssEnd, entry] = [12, 16, 20, 24, 28].map((offset) => v.getUint32(header + offset, true)) as [number, number, number, number, number]
  const first = header - (headerAt - load)
  const bytes = loadEnd === 0 ? image.length - first : loadEnd - load
  if (first < 0 || bytes < 0 || first + bytes > image.length) return refused('the multiboot header places bytes that the image does not have')
  const size = Math.max(bytes, bssEnd === 0 ? 0 : bssEnd - load)
  if (load + size > lowEnd(memorySize)) return tooLarge('the image', load + size, memorySize)
  const content = new Uint8Array(size)
  content.set(image.subarray(first, first + bytes))
  return { kind: 'placed', writes: [{ address: load, bytes: content }], entry }
}

function information(options: LoadOptions, moduleAt: number, commandAt: number): readonly MemoryWrite[] {
  const map = e820Map(options.memorySize)
  const mapBytes = new Uint8Array(map.length * 24)
  const mv = new DataView(mapBytes.buffer)
  map.forEach(({ address, bytes, type }, index) => {
    mv.setUint32(index * 24, 20, true)
    mv.setBigUint64(index * 24 + 4, BigInt(address), true)
    mv.setBigUint64(index * 24 + 12, BigInt(bytes), true)
    mv.setUint32(index * 24 + 20, type, true)
  })
  const info = new Uint8Array(88)
  const v = new DataView(info.buffer)
  const word = (offset: number, value: number) => v.setUint32(offset, value >>> 0, true)
  const hasModule = options.initrd !== undefined
  word(0, infoFlag.memory | infoFlag.commandLine | infoFlag.modules | infoFlag.memoryMap | infoFlag.loaderName)
  word(4, 639)
  word(8, (lowEnd(options.memorySize) - 0x10_0000) / 1024)
  word(16, commandAt)
  word(20, hasModule ? 1 : 0)
  word(24, at.modules)
  word(44, mapBytes.length)
  word(48, at.memoryMap)
  word(64, at.loaderName)
  const modules = new Uint8Array(16)
  const dv = new DataView(modules.buffer)
  if (hasModule) {
    dv.setUint32(0, moduleAt, true)
    dv.setUint32(4, moduleAt + options.initrd.length, true)
  }
  return [
    { address: at.memoryMap, bytes: mapBytes },
    { address: at.info, bytes: info },
    { address: at.modules, bytes: modules },
    { address: at.loaderName, bytes: cString('vmm') },
  ]
}
