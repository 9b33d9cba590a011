import { pageDown, viewOf } from './bytes.ts'
import {
  cString,
  flatSegments,
  type LoadedImage,
  type LoadOptions,
  protectedStart,
  type RefusedImage,
  refused,
  type StartState,
  tooLarge,
} from './loaded.ts'
import { e820Map, lowEnd } from './memory.ts'

/** Offsets in the setup header. Source: Documentation/arch/x86/boot.rst, The Real-Mode Kernel Header. */
const header = {
  setupSects: 0x1f1,
  sysSize: 0x1f4,
  jumpLength: 0x201,
  magic: 0x202,
  version: 0x206,
  typeOfLoader: 0x210,
  loadFlags: 0x211,
  ramdiskImage: 0x218,
  ramdiskSize: 0x21c,
  commandLine: 0x228,
  initrdMax: 0x22c,
  xloadFlags: 0x236,
  commandLineSize: 0x238,
  preferred: 0x258,
  initSize: 0x260,
  end: 0x264,
} as const
/** Offsets in the zero page. Source: Documentation/arch/x86/zero-page.rst. */
const zeroPage = { rsdp: 0x070, e820Entries: 0x1e8, headerEnd: 0x290, e820: 0x2d0 } as const

const at = { gdt: 0x8000, tables: 0x9000, bootParams: 0x1_0000, commandLine: 0x2_0000 } as const
const commandLineRoom = 0x7_0000
const sector = 512
const pageSize = 4096
const paragraph = 16
const oldestVersion = 0x20c
const highMemory = 0x10_0000
const entry64 = 0x200
const hdrS = 0x5372_6448
const loadedHigh = 1
const kernel64 = 1
const unknownLoader = 0xff

/** What the header says, checked against the file. */
interface Kernel {
  readonly kind: 'kernel'
  readonly codeSize: 32 | 64
  readonly payload: Uint8Array
  readonly address: number
  /** The end of all memory that the kernel uses until it knows the map. */
  readonly end: number
}

/** Whether bytes have the mark of a Linux kernel. */
export function isBzImage(image: Uint8Array): boolean {
  return image.length >= header.version && viewOf(image).getUint32(header.magic, true) === hdrS
}

/**
 * Loads a bzImage for its 64-bit entry, or a kernel that has none for its 32-bit entry: boot protocol 2.12 or later.
 * Source: boot.rst, 64-bit BOOT PROTOCOL and 32-bit BOOT PROTOCOL.
 */
export function loadBzImage(image: Uint8Array, options: LoadOptions): LoadedImage | RefusedImage {
  const kernel = readKernel(image)
  if (kernel.kind === 'refused') return kernel
  const { memorySize, initrd } = options
  if (kernel.end > lowEnd(memorySize)) return tooLarge('the kernel', kernel.end, memorySize)
  const commandLine = cString(options.commandLine ?? '')
  const longest = Math.min(viewOf(image).getUint32(header.commandLineSize, true), commandLineRoom - 1)
  const length = commandLine.length - 1
  if (length > longest) return refused(`the command line has ${length} bytes and this kernel takes ${longest}`)
  const initrdEnd = Math.min(lowEnd(memorySize), viewOf(image).getUint32(header.initrdMax, true) + 1)
  const initrdAt = initrd === undefined ? 0 : pageDown(initrdEnd - initrd.length)
  if (initrd !== undefined && initrdAt < kernel.end) {
    return tooLarge('the kernel with its initrd', kernel.end + initrd.length, memorySize)
  }
  return {
    kind: 'loaded',
    protocol: 'bzimage',
    writes: [
      { address: kernel.address, bytes: kernel.payload },
      { address: at.commandLine, bytes: commandLine },
      { address: at.bootParams, bytes: bootParams(image, options, initrdAt) },
      { address: at.gdt, bytes: gdt(kernel.codeSize) },
      ...(kernel.codeSize === 64 ? [{ address: at.tables, bytes: identityTables() }] : []),
      ...(initrd === undefined ? [] : [{ address: initrdAt, bytes: initrd }]),
    ],
    start: startOf(kernel),
  }
}

/** Paging on and everything mapped for 64-bit code; protected mode without paging for 32-bit code. */
function startOf({ codeSize, address }: Kernel): StartState {
  const registers = { RSI: at.bootParams }
  const gdt = { base: at.gdt, limit: 0x1f }
  if (codeSize === 32) return { ...protectedStart(address, registers), gdt }
  return {
    rip: address + entry64,
    registers,
    cr0: 0x8000_0011,
    cr3: at.tables,
    cr4: 0x20,
    efer: 0x500,
    code: flatSegments.code64,
    data: flatSegments.data,
    gdt,
  }
}

function readKernel(image: Uint8Array): Kernel | RefusedImage {
  if (image.length < header.end) return refused(`the kernel image ends inside its header, after ${image.length} bytes`)
  const v = viewOf(image)
  const version = v.getUint16(header.version, true)
  if (version < oldestVersion) {
    return refused(`the kernel speaks boot protocol ${version >> 8}.${version & 0xff}; 2.12 or later is needed`)
  }
  const headerEnd = header.magic + image[header.jumpLength]!
  if (headerEnd < header.end || headerEnd > zeroPage.headerEnd) {
    return refused(`the kernel image is corrupt: its header ends at 0x${headerEnd.toString(16)}, not in 0x264 to 0x290`)
  }
  const setup = ((image[header.setupSects]! || 4) + 1) * sector
  const said = v.getUint32(header.sysSize, true) * paragraph
  const payload = image.subarray(setup)
  if (said === 0 || payload.length <= said - paragraph) {
    return refused(`the kernel image is truncated: ${payload.length} bytes of ${said} after the setup code`)
  }
  const address = Number(v.getBigUint64(header.preferred, true))
  if (address < highMemory || address % pageSize !== 0) {
    return refused(
      `the kernel image is corrupt: it wants to be at 0x${address.toString(16)}, not on a page above 1 MiB`,
    )
  }
  const end = address + Math.max(payload.length, v.getUint32(header.initSize, true))
  const codeSize = (v.getUint16(header.xloadFlags, true) & kernel64) === 0 ? 32 : 64
  return { kind: 'kernel', codeSize, payload, address, end }
}

/** The zero page: the image's own setup header, completed, the memory map, and where the RSDP is. */
function bootParams(image: Uint8Array, options: LoadOptions, initrd: number): Uint8Array {
  const page = new Uint8Array(pageSize)
  const headerEnd = header.magic + image[header.jumpLength]!
  page.set(image.subarray(header.setupSects, headerEnd), header.setupSects)
  const v = viewOf(page)
  page[header.typeOfLoader] = unknownLoader
  page[header.loadFlags]! |= loadedHigh
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
function gdt(codeSize: 32 | 64): Uint8Array {
  const table = new Uint8Array(0x20)
  const v = viewOf(table)
  v.setBigUint64(0x10, codeSize === 64 ? 0x00af_9b00_0000_ffffn : 0x00cf_9b00_0000_ffffn, true)
  v.setBigUint64(0x18, 0x00cf_9300_0000_ffffn, true)
  return table
}

/** 4 GiB mapped onto themselves with 2-MByte pages. */
function identityTables(): Uint8Array {
  const tables = new Uint8Array(6 * pageSize)
  const v = viewOf(tables)
  const table = (index: number) => BigInt(at.tables + index * pageSize)
  v.setBigUint64(0, table(1) | 3n, true)
  for (let gib = 0; gib < 4; gib += 1) {
    v.setBigUint64(pageSize + gib * 8, table(2 + gib) | 3n, true)
    for (let page = 0; page < 512; page += 1) {
      v.setBigUint64((2 + gib) * pageSize + page * 8, BigInt(gib * 512 + page) * 0x20_0000n + 0x83n, true)
    }
  }
  return tables
}
