import { describe, expect, test } from 'vitest'
import { bzImage } from '../test/sample-images.ts'
import { e820Map, type LoadedImage, type LoadOptions, loadImage } from './index.ts'
import { decodeText } from './text.ts'

const mebibyte = 1 << 20
const options: LoadOptions = { memorySize: 64 * mebibyte, commandLine: 'console=ttyS0' }

function load(image: Uint8Array, more: Partial<LoadOptions> = {}): LoadedImage {
  const result = loadImage(image, { ...options, ...more })
  if (result.kind === 'refused') throw new Error(result.says)
  return result
}

/** What a guest would read from an address. */
function read(loaded: LoadedImage, address: number, length: number): DataView {
  const write = loaded.writes.findLast((each) => each.address <= address && address < each.address + each.bytes.length)
  const bytes = write!.bytes.slice(address - write!.address, address - write!.address + length)
  return new DataView(bytes.buffer)
}

const zeroPage = (loaded: LoadedImage): DataView => read(loaded, loaded.start.registers.RSI!, 4096)

describe('a bzImage', () => {
  test('begins at its 64-bit entry with paging on, RSI at the zero page', () => {
    const { protocol, start } = load(bzImage())
    expect(protocol).toBe('bzimage')
    expect(start.rip).toBe(0x100_0200)
    expect([start.cr0, start.cr4, start.efer]).toEqual([0x8000_0011, 0x20, 0x500])
    expect([start.code.selector, start.data.selector]).toEqual([0x10, 0x18])
  })

  test('without a 64-bit entry begins at its 32-bit one, with paging off and 32-bit code at selector 10H', () => {
    const loaded = load(bzImage({ xloadFlags: 0 }))
    const { start } = loaded
    expect(start.rip).toBe(0x100_0000)
    expect([start.cr0, start.cr4, start.efer]).toEqual([0x11, 0, 0])
    expect(zeroPage(loaded).getUint16(0x1fe, true)).toBe(0xaa55)
    const gdt = read(loaded, start.gdt!.base, start.gdt!.limit + 1)
    expect([gdt.getBigUint64(0x10, true), gdt.getBigUint64(0x18, true)]).toEqual([
      0x00cf_9b00_0000_ffffn,
      0x00cf_9300_0000_ffffn,
    ])
  })

  test('lies at its preferred address, without its setup code', () => {
    const loaded = load(bzImage({ preferred: 0x120_0000 }))
    expect(new Uint8Array(read(loaded, 0x120_0000, 3).buffer)).toEqual(Uint8Array.of(0, 1, 2))
    expect(loaded.start.rip).toBe(0x120_0200)
  })

  test('finds its own header, its command line, the RSDP and the memory map in the zero page', () => {
    const loaded = load(bzImage(), { rsdp: 0xe_0000 })
    const page = zeroPage(loaded)
    expect(page.getUint16(0x1fe, true)).toBe(0xaa55)
    expect(page.getUint16(0x206, true)).toBe(0x20f)
    expect(page.getUint8(0x210)).toBe(0xff)
    expect(page.getBigUint64(0x70, true)).toBe(0xe_0000n)
    const text = new Uint8Array(read(loaded, page.getUint32(0x228, true), 14).buffer)
    expect(decodeText(text)).toBe('console=ttyS0\0')
    const map = Array.from({ length: page.getUint8(0x1e8) }, (_, index) => 0x2d0 + index * 20)
    expect(map.map((at) => Number(page.getBigUint64(at, true)))).toEqual(e820Map(64 * mebibyte).map((e) => e.address))
    expect(map.map((at) => page.getUint32(at + 16, true))).toEqual(e820Map(64 * mebibyte).map((e) => e.type))
  })

  test('has its initrd on a page as high as memory and kernel allow', () => {
    const initrd = new Uint8Array(5000).fill(7)
    const [high, limited] = [undefined, 0x1ff_ffff].map((initrdMax) =>
      zeroPage(load(bzImage(initrdMax === undefined ? {} : { initrdMax }), { initrd })),
    )
    expect(high!.getUint32(0x218, true)).toBe(64 * mebibyte - 8192)
    expect(limited!.getUint32(0x218, true)).toBe(0x200_0000 - 8192)
    expect(limited!.getUint32(0x21c, true)).toBe(5000)
  })

  test('has the first 4 GiB mapped onto themselves', () => {
    const loaded = load(bzImage())
    const entry = (table: number, index: number) => read(loaded, table + index * 8, 8).getBigUint64(0, true)
    const table = (value: bigint) => Number(value & ~0xfffn)
    for (const address of [0, 0x100_0200, 0xfee0_0000, 0xffff_f000]) {
      const directory = table(entry(table(entry(loaded.start.cr3, 0)), Math.floor(address / 2 ** 30)))
      const page = entry(directory, Math.floor(address / 2 ** 21) % 512)
      expect(page).toBe(BigInt(Math.floor(address / 2 ** 21) * 2 ** 21) | 0x83n)
    }
  })

  test('has segments behind 10H and 18H that agree with the table', () => {
    const { start, ...loaded } = load(bzImage())
    const gdt = read({ start, ...loaded }, start.gdt!.base, start.gdt!.limit + 1)
    const access = (selector: number) => Number((gdt.getBigUint64(selector, true) >> 40n) & 0xf0ffn)
    expect(access(0x10)).toBe(start.code.access)
    expect(access(0x18)).toBe(start.data.access)
  })

  test.each([
    ['boot protocols before 2.12', bzImage({ version: 0x20b }), {}, 'boot protocol 2.11; 2.12 or later'],
    ['a file cut inside the header', bzImage().subarray(0, 0x240), {}, 'ends inside its header, after 576 bytes'],
    ['a file cut inside the setup code', bzImage().subarray(0, 1000), {}, 'truncated: 0 bytes of 4096'],
    ['a file cut inside the kernel', bzImage().subarray(0, -100), {}, 'truncated: 3996 bytes of 4096'],
    [
      'a kernel larger than memory',
      bzImage({ initSize: 256 * mebibyte }),
      {},
      'needs 272.0 MiB and the guest has 64.0',
    ],
    [
      'an initrd larger than what is left',
      bzImage(),
      { initrd: new Uint8Array(60 * mebibyte) },
      'kernel with its initrd',
    ],
    [
      'a command line that is too long',
      bzImage(),
      { commandLine: 'x'.repeat(2048) },
      '2048 bytes and this kernel takes 2047',
    ],
    ['a kernel that wants to be below 1 MiB', bzImage({ preferred: 0x1000 }), {}, 'corrupt: it wants to be at 0x1000'],
  ])('refuses %s', (_name, image, more, says) => {
    expect(loadImage(image, { ...options, ...more })).toEqual({ kind: 'refused', says: expect.stringContaining(says) })
  })
})
