import { describe, expect, test } from 'vitest'
import { bzImage, elf, multibootHeader, note } from '../test/sample-images.ts'
import { type LoadedImage, loadImage, type RefusedImage } from './index.ts'

const memorySize = 32 * 2 ** 20
const rounds = 4000
const code = new Uint8Array(64).fill(0x90)
const xen = note('Xen', 18, Uint8Array.of(0, 0, 0x10, 0))
const samples: Readonly<Record<string, Uint8Array>> = {
  bzImage: bzImage({ payload: new Uint8Array(600) }),
  'multiboot by addresses': Uint8Array.from([
    ...multibootHeader(1 << 16, 2 ** 20, 2 ** 20, 0, 0, 2 ** 20 + 32),
    ...code,
  ]),
  'multiboot by segments': elf(32, 2 ** 20, [
    { type: 'load', physical: 2 ** 20, content: Uint8Array.from([...multibootHeader(0), ...code]) },
  ]),
  'PVH of 64 bits': elf(64, 0, [
    { type: 'note', content: xen },
    { type: 'load', physical: 2 ** 20, content: code },
  ]),
  'PVH of 32 bits': elf(32, 0, [
    { type: 'note', content: xen },
    { type: 'load', physical: 2 ** 20, content: code },
  ]),
}

/** A fixed sequence of 32-bit numbers: Marsaglia's xorshift. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** What is loaded fits the memory; what is refused says so in one line. */
function judge(result: LoadedImage | RefusedImage): string {
  if (result.kind === 'refused') return /^[^\n]{10,200}$/.test(result.says) ? 'refused' : `says ${result.says}`
  const outside = result.writes.find(({ address, bytes }) => !(address >= 0 && address + bytes.length <= memorySize))
  return outside === undefined ? 'loaded' : `writes ${outside.bytes.length} bytes at ${outside.address}`
}

const initrd = new Uint8Array(100)
const load = (image: Uint8Array) => judge(loadImage(image, { memorySize, commandLine: 'x', initrd }))

describe.each(Object.entries(samples))('%s', (_name, image) => {
  test('is loaded whole', () => {
    expect(load(image)).toBe('loaded')
  })

  test('is loaded or refused wherever it is cut', () => {
    const verdicts = Array.from({ length: image.length }, (_, length) => load(image.slice(0, length)))
    expect(verdicts.filter((verdict) => verdict !== 'loaded' && verdict !== 'refused')).toEqual([])
    expect(verdicts[20]).toBe('refused')
  })

  test('is loaded or refused whatever a few of its bytes become', () => {
    const next = numbers(0x1234_5678)
    const verdicts = new Set<string>()
    const marks = Math.min(image.length, 0x270)
    for (let round = 0; round < rounds; round += 1) {
      const changed = image.slice()
      for (let count = (next() % 6) + 1; count > 0; count -= 1) {
        const at = next() % marks
        changed.fill([0, 0xff, 0x80, next() & 0xff][next() % 4]!, at, at + [1, 2, 4, 8, 64][next() % 5]!)
      }
      verdicts.add(load(changed))
    }
    expect([...verdicts].sort()).toEqual(['loaded', 'refused'])
  })
})

test('a file that is all notes is given up in time', () => {
  const many = elf(64, 0, [
    ...Array.from({ length: 2000 }, () => ({ type: 'note' as const, content: new Uint8Array(12) })),
    { type: 'load' as const, physical: 2 ** 20, content: code },
  ])
  const v = new DataView(many.buffer)
  for (let index = 0; index < 2000; index += 1) {
    v.setBigUint64(64 + index * 56 + 8, 0n, true)
    v.setBigUint64(64 + index * 56 + 32, BigInt(many.length), true)
  }
  const before = Date.now()
  expect(load(many)).toBe('refused')
  expect(Date.now() - before).toBeLessThan(20_000)
})

test('a note whose sizes wrap around is no note', () => {
  for (const size of [0xffff_ffff, 0x8000_0000, 0x7fff_fff0]) {
    const strange = xen.slice()
    new DataView(strange.buffer).setUint32(0, size, true)
    const image = elf(64, 0, [
      { type: 'note', content: strange },
      { type: 'load', physical: 2 ** 20, content: code },
    ])
    expect(load(image)).toBe('refused')
  }
})
