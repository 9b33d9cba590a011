import { cString, flatSegments, type LoadedImage, type LoadOptions, type MemoryWrite, type RefusedImage, refused, tooLarge } from './loaded.ts'
import { e820Map, lowEnd } from './memory.ts'

/** Offsets in the setup header. Source: Documentation/arch/x86/boot.rst, The Real-Mode Kernel Header. */
const header = {
  setupSects: 0x1f1, bootFlag: 0x1fe, jump: 0x200, magic: 0x202, version: 0x206, typeOfLoader: 0x210, loadFlags: 0x211, ramdiskImage: 0x218,
  ramdiskSize: 0x21c, commandLine: 0x228, initrdMax: 0x22c, kernelAlignment: 0x230, xloadFlags: 0x236, commandLineSize: 0x238, preferred: 0x258, initSize: 0x260,
} as const
/** Offsets in the zero page. Source: Documentation/arch/x86/zero-page.rst. */
const zeroPage = { rsdp: 0x070, e820Entries: 0x1e8, e820: 0x2d0 } as const

const at = { bootParams: 0x1_0000, commandLine: 0x2_0000, gdt: 0x8000, tables: 0x9000 } as const
const sector = 512
const pageSize = 4096
const entry64 = 0x200
const hdrS = 0x5372_6448

/** Whether bytes look like a Linux kernel of the boot protocol. */
export function isBzImage(image: Uint8Array): boolean {
  return image.length > 0x264 && view(image).getUint32(header.magic, true) === hdrS
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Loads a bzImage for its 64-bit entry: boot protocol 2.12 or later. Source: boot.rst, 64-bit BOOT PROTOCOL. */
export function loadBzImage(image: Uint8Array, options: LoadOptions): LoadedImage | RefusedImage {
  const v = view(image)
  const version = v.getUint16(header.version, true)
  if (version < 0x20c) return refused(`the kernel speaks boot protocol ${version >> 8}.${version & 0xff}; 2.12 or later is needed`)
  if ((v.getUint16(header.xloadFlags, true) & 1) === 0) return refused('the kernel has no 64-bit entry point; a 64-bit kernel is needed')
  const setup = ((image[header.setupSects]! || 4) + 1) * sector
  if (setup >= image.length) return refused(`the kernel image ends inside its setup code: ${image.length} bytes, setup takes ${setup}`)
  const sysSize = v.getUint32(0x1f4, true) * 16
  if (image.length - setup < sysSize - 16) return refused(`the kernel image is truncated: ${image.length - setup} bytes of ${sysSize} after the setup code`)
  const load = Number(v.getBigUint64(header.preferred, true))
  const initSize = v.getUint32(header.initSize, true)
  const end = lowEnd(options.memorySize)
  if (load + initSize > end) return tooLarge('the kernel', load + initSize, options.memorySize)
  const commandLine = cString(options.commandLine ?? '')
  const longest = v.getUint32(header.commandLineSize, true)
  if (commandLine.length - 1 > longest) return refused(`the command line has ${commandLine.length - 1} bytes and this kernel takes ${longest}`)
  const initrd = placeInitrd(options, v.getUint32(header.initrdMax, true), load + initSize)
  if (initrd.kind === 'refused') return initrd
  const writes: MemoryWrite[] = [
    { address: load, bytes: image.subarray(setup) },
    { address: at.commandLine, bytes: commandLine },
    { address: at.bootParams, bytes: bootParams(image, options, initrd.address) },
    { address: at.gdt, bytes: gdt() },
    { address: at.tables, bytes: identityTables() },
    ...(options.initrd === undefined ? [] : [{ address: initrd.address, bytes: options.initrd }]),
  ]
  return {
    kind: 'loaded',
    protocol: 'bzimage',
    writes,
    start: {
      rip: load + entry64,
      registers: { RSI: at.bootParams },
      cr0: 0x8000_0011,
      cr3: at.tables,
      cr4: 0x20,
      efer: 0x500,
      code: flatSegments.code64,
      data: flatSegments.data,
      gdt: { base: at.gdt, limit: 0x1f },
    },
  }
}

/** As high as the kernel allows, on a page boundary, clear of the kernel. */
function placeInitrd(options: LoadOptions, max: number, kernelEnd: number): { readonly kind: 'placed'; readonly address: number } | RefusedImage {
  const { initrd } = options
  if (initrd === undefined) return { kind: 'placed', address: 0 }
  const end = Math.min(lowEnd(options.memorySize), max + 1)
  const address = Math.floor((end - initrd.length) / pageSize) * pageSize
  return address < kernelEnd ? tooLarge('kernel and initrd together', kernelEnd + initrd.length, options.memorySize) : { kind: 'placed', address }
}

function bootParams(image: Uint8Array, options: LoadOptions, initrd: number): Uint8Array {
  const page = new Uint8Array(pageSize)
  const headerEnd = header.magic + image[0x201]!
  page.set(image.subarray(header.setupSects, headerEnd), header.setupSects)
  const v = view(page)
  page[header.typeOfLoader] = 0xff
  // loaded high; the heap is not ours to promise
  page[header.loadFlags]! |= 1
  v.setUint32(header.commandLine, at.commandLine, true)
  v.setUint32(header.ramdiskImage, initrd, true)
  v.setUint32(header.ramdiskSize, options.initrd?.length ?? 0, true)
  v.setBigUint64(zeroPage.rsdp, BigInt(options.rsdp ?? 0), true)
  const map = e820Map(options.memorySize)
  page[zeroPage.e820Entries] = map.length
  map.forEach(({ address, bytes, type }, index) => {
    const entry = zeroPage.e820 + index * 20
    v.setBigUint64(entry, BigInt(address), true)
    v.setBigUint64(entry + 8, BigInt(bytes), true)
    v.setUint32(entry + 16, type, true)
  })
  return page
}

/** Code at selector 10H, data at 18H: what the protocol asks for. */
function gdt(): Uint8Array {
  const table = new Uint8Array(0x20)
  const v = view(table)
  v.setBigUint64(0x10, 0x00af_9b00_0000_ffffn, true)
  v.setBigUint64(0x18, 0x00cf_9300_0000_ffffn, true)
  return table
}

/** 4 GiB mapped onto themselves with 2-MByte pages. */
function identityTables(): Uint8Array {
  const tables = new Uint8Array(6 * pageSize)
  const v = view(tables)
  const table = (index: number) => BigInt(at.tables + index * pageSize)
  v.setBigUint64(0, table(1) | 3n, true)
  for (let gib = 0; gib < 4; gib += 1) {
    v.setBigUint64(pageSize + gib * 8, table(2 + gib) | 3n, true)
    for (let page = 0; page < 512; page += 1) v.setBigUint64((2 + gib) * pageSize + page * 8, BigInt(gib * 512 + page) * 0x20_0000n + 0x83n, true)
  }
  return tables
}
