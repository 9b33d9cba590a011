import { describe, expect, test } from 'vitest'
import { bzImage, elf, multibootHeader, note } from '../test/sample-images.ts'
import { detect, type LoadedImage, type LoadOptions, loadFlat, loadImage } from './index.ts'
import { decodeText, encodeText } from './text.ts'

const mebibyte = 1 << 20
const memorySize = 128 * mebibyte
const text = encodeText
const code = Uint8Array.of(0xf4, 0xeb, 0xfd)
const entryNote = note('Xen', 18, Uint8Array.of(0x50, 0x08, 0, 1))

function load(image: Uint8Array, more: Partial<LoadOptions> = {}): LoadedImage {
  const result = loadImage(image, { memorySize, ...more })
  if (result.kind === 'refused') throw new Error(result.says)
  return result
}

/** The guest's first 2 MiB of memory, as a guest would see it. */
function memoryOf(loaded: LoadedImage): DataView {
  const memory = new Uint8Array(2 * mebibyte)
  for (const { address, bytes } of loaded.writes) if (address < memory.length) memory.set(bytes, address)
  return new DataView(memory.buffer)
}

function stringAt(memory: DataView, address: number): string {
  const bytes = new Uint8Array(memory.buffer, address)
  return decodeText(bytes.subarray(0, bytes.indexOf(0)))
}

describe.each([32, 64] as const)('a %i-bit ELF file with a PVH note', (bits) => {
  const image = elf(bits, 0x999, [
    { type: 'note', content: note('GNU', 18, Uint8Array.of(1, 2, 3)) },
    { type: 'note', content: Uint8Array.from([...note('Xen', 6, text('linux')), ...entryNote]) },
    { type: 'load', physical: 0x10_0000, content: code, memorySize: 4096 },
  ])

  test('begins at the 32-bit entry of the note', () => {
    const { start, protocol } = load(image)
    expect(protocol).toBe('pvh')
    expect(start.rip).toBe(0x100_0850)
    expect([start.cr0, start.efer, start.code.access]).toEqual([0x11, 0, 0xc09b])
  })

  test('finds command line, module, RSDP and memory map behind EBX', () => {
    const loaded = load(image, { commandLine: 'a b', initrd: Uint8Array.of(1, 2, 3), rsdp: 0xe_0000 })
    const [memory, info] = [memoryOf(loaded), loaded.start.registers.RBX!]
    const long = (offset: number) => Number(memory.getBigUint64(info + offset, true))
    expect([memory.getUint32(info, true), memory.getUint32(info + 4, true)]).toEqual([0x336e_c578, 1])
    expect(stringAt(memory, long(24))).toBe('a b')
    expect(long(32)).toBe(0xe_0000)
    expect(memory.getUint32(info + 12, true)).toBe(1)
    const module = long(16)
    expect(Number(memory.getBigUint64(module, true))).toBe(memorySize - 4096)
    expect(Number(memory.getBigUint64(module + 8, true))).toBe(3)
    const [map, entries] = [long(40), memory.getUint32(info + 48, true)]
    const last = map + (entries - 1) * 24
    expect([Number(memory.getBigUint64(last, true)), memory.getUint32(last + 16, true)]).toEqual([mebibyte, 1])
    expect(Number(memory.getBigUint64(last + 8, true))).toBe(memorySize - mebibyte)
  })

  test('keeps what it is told clear of a kernel in low memory', () => {
    const low = elf(bits, 0, [
      { type: 'note', content: entryNote },
      { type: 'load', physical: 0x5000, content: new Uint8Array(0x8000).fill(0xcc) },
    ])
    expect(load(low).start.registers.RBX).toBe(0xd000)
  })
})

describe('a multiboot image', () => {
  const image = elf(32, 0x10_000c, [
    { type: 'load', physical: 0x10_0000, content: Uint8Array.from([...multibootHeader(0), ...code]), memorySize: 8192 },
  ])

  test('begins in protected mode with the magic in EAX', () => {
    const { protocol, start } = load(image)
    expect(protocol).toBe('multiboot')
    expect(start.rip).toBe(0x10_000c)
    expect(start.registers.RAX).toBe(0x2bad_b002)
    expect([start.cr0, start.cr4, start.data.limit]).toEqual([0x11, 0, 0xffff_ffff])
  })

  test('linked for other addresses than it is loaded at begins where its entry point was loaded', () => {
    const content = Uint8Array.from([...multibootHeader(0), ...code])
    const high = elf(32, 0xc010_000c, [{ type: 'load', linear: 0xc010_0000, physical: 0x10_0000, content }])
    expect(load(high).start.rip).toBe(0x10_000c)
  })

  test('finds memory sizes, arguments, module and memory map though its header asks for none', () => {
    const loaded = load(image, { commandLine: 'test one two', initrd: text('A=1\n') })
    const [memory, info] = [memoryOf(loaded), loaded.start.registers.RBX!]
    const word = (offset: number) => memory.getUint32(info + offset, true)
    expect(word(0) & 0x4d).toBe(0x4d)
    expect([word(4), word(8)]).toEqual([639, 127 * 1024])
    expect(stringAt(memory, word(16))).toBe('test one two')
    expect(word(20)).toBe(1)
    const [start, end] = [memory.getUint32(word(24), true), memory.getUint32(word(24) + 4, true)]
    expect([start, end]).toEqual([0x10_2000, 0x10_2004])
    expect(stringAt(memory, start)).toBe('A=1\n')
    const entries: number[] = []
    for (let at = word(48); at < word(48) + word(44); at += memory.getUint32(at, true) + 4) entries.push(at)
    expect(entries).toHaveLength(4)
    expect(memory.getBigUint64(entries[0]! + 4, true)).toBe(0n)
    expect(memory.getUint32(entries[0]! + 20, true)).toBe(1)
  })

  test('counts no module when there is none', () => {
    const loaded = load(image)
    expect(memoryOf(loaded).getUint32(loaded.start.registers.RBX! + 20, true)).toBe(0)
  })

  test('has zeros where its segment is longer in memory than in the file', () => {
    const { bytes } = load(image).writes[0]!
    expect(bytes).toHaveLength(8192)
    expect(bytes.subarray(15).every((byte) => byte === 0)).toBe(true)
  })

  test('is told nothing in page 0, in a trampoline, or inside itself', () => {
    const low = elf(32, 0x8000, [
      { type: 'load', physical: 0x8000, content: Uint8Array.from([...multibootHeader(0), ...new Uint8Array(0x5000)]) },
    ])
    expect(load(image).start.registers.RBX).toBe(0x9000)
    expect(load(low).start.registers.RBX).toBe(0xe000)
    const beside = load(low, { initrd: new Uint8Array(0x8_0000).fill(7) })
    expect(beside.start.registers.RBX).toBe(0xe000)
    expect(memoryOf(beside).getUint32(memoryOf(beside).getUint32(0xe000 + 24, true), true)).toBe(mebibyte)
  })

  test('is placed by the address fields of its header where flag 16 says so', () => {
    const [load_, bss] = [0x20_0000, 0x20_1000]
    const flat = Uint8Array.from([
      0,
      0,
      0,
      0,
      ...multibootHeader(1 << 16, load_ + 4, load_, 0, bss, load_ + 0x24),
      ...code,
    ])
    const { writes, start } = load(flat)
    expect(writes[0]!.address).toBe(load_)
    expect(writes[0]!.bytes.length).toBe(4096)
    expect(writes[0]!.bytes.subarray(36, 39)).toEqual(code)
    expect(start.rip).toBe(load_ + 0x24)
  })

  test.each([
    ['flags that nobody knows', multibootHeader(1 << 5), 'requires what no loader knows: flags 0x20'],
    ['neither addresses nor ELF', multibootHeader(0), 'gives no addresses and the image is no ELF file'],
    ['a file cut inside its header', multibootHeader(1 << 16, 0), 'ends inside its multiboot header'],
    [
      'bytes that the file does not have',
      multibootHeader(1 << 16, mebibyte, mebibyte, 2 * mebibyte, 0, 0),
      'truncated',
    ],
    [
      'an end beyond memory',
      multibootHeader(1 << 16, mebibyte, mebibyte, 0, 0xffff_ffff, 0),
      'the image needs 4096.0 MiB',
    ],
  ])('is refused for %s', (_name, bytes, says) => {
    expect(loadImage(bytes, { memorySize })).toEqual({ kind: 'refused', says: expect.stringContaining(says) })
  })
})

describe('an ELF file', () => {
  const one = (part: object) =>
    elf(64, 0, [
      { type: 'note', content: entryNote },
      { type: 'load', physical: mebibyte, content: code, ...part },
    ])
  const changed = (at: number, ...bytes: number[]) => {
    const image = one({})
    image.set(bytes, at)
    return image
  }

  test.each([
    ['without a PVH note', elf(64, 0, [{ type: 'load', physical: mebibyte, content: code }]), 'neither a PVH note'],
    ['that is cut off', one({}).subarray(0, -1), 'truncated: a segment ends at'],
    ['that ends inside its header', one({}).subarray(0, 60), 'ends inside its header'],
    ['of another machine', changed(18, 183), 'for machine 183; 3 (i386) or 62 (x86-64)'],
    ['of another class', changed(4, 3), 'has class 3'],
    ['that is big-endian', changed(5, 2), 'big-endian'],
    ['with program headers outside it', changed(32, 0xff, 0xff), 'program headers lie outside it'],
    ['with nothing to load', elf(64, 0, [{ type: 'note', content: entryNote }]), 'nothing to load'],
    ['larger in the file than in memory', one({ memorySize: 1 }), 'corrupt: 3 bytes of a segment for 1 of memory'],
    ['larger than memory', one({ memorySize: 2 ** 40 }), 'the image needs'],
    [
      'with segments over one another',
      elf(64, 0, [
        { type: 'note', content: entryNote },
        { type: 'load', physical: mebibyte, content: code, memorySize: 4096 },
        { type: 'load', physical: mebibyte + 4095, content: code },
      ]),
      'two segments share address 0x100fff',
    ],
  ])('%s is refused', (_name, image, says) => {
    expect(loadImage(image, { memorySize })).toEqual({ kind: 'refused', says: expect.stringContaining(says) })
  })

  test('whose initrd does not fit beside it is refused', () => {
    expect(loadImage(one({}), { memorySize: 2 * mebibyte, initrd: new Uint8Array(2 * mebibyte) }).kind).toBe('refused')
  })
})

describe('a flat image', () => {
  test('begins in real mode at its own first byte', () => {
    const loaded = loadFlat(code, 0x7c00, { memorySize })
    expect(loaded).toMatchObject({
      writes: [{ address: 0x7c00, bytes: code }],
      start: { rip: 0, cr0: 0x10, code: { selector: 0x7c0, base: 0x7c00, limit: 0xffff }, data: { selector: 0x7c0 } },
    })
  })

  test.each([
    ['off a paragraph', code, 0x7c01],
    ['above 1 MiB', code, mebibyte],
    ['longer than memory', new Uint8Array(memorySize), 0x7c00],
    ['empty', new Uint8Array(), 0x7c00],
  ])('that is %s is refused', (_name, image, address) => {
    expect(loadFlat(image, address, { memorySize }).kind).toBe('refused')
  })
})

test('images are told apart by their marks', () => {
  const images = [
    bzImage(),
    multibootHeader(0),
    elf(64, 0, [{ type: 'load', content: code }]),
    text('#!/bin/sh\n'),
    code,
  ]
  expect(images.map(detect)).toEqual(['bzimage', 'multiboot', 'pvh', undefined, undefined])
})

test.each([
  ['gzip', [0x1f, 0x8b, 8, 0]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ['Zstandard', [0x28, 0xb5, 0x2f, 0xfd]],
] as const)('what %s has packed is refused by that name', (name, bytes) => {
  const result = loadImage(Uint8Array.from([...bytes, ...Array<number>(600).fill(7)]), { memorySize })
  const says = `packed with ${name}: expected a Linux bzImage, an ELF file with a PVH note, or a multiboot image`
  expect(result).toEqual({ kind: 'refused', says })
})
