import { expect, test } from 'vitest'
import { findKallsyms } from '../src/index.ts'
import { type Layout, type SampleSymbol, sampleKernel } from './sample-kernel.ts'

const base = 0xffff_ffff_9c80_0000n
const longName = `T${'very_long_name_'.repeat(20)}`

/** More than three times 256 symbols: a per-CPU area from 0 up, text, and data. */
function symbolsAt(from: bigint): readonly SampleSymbol[] {
  const text = Array.from(
    { length: 900 },
    (_, index): SampleSymbol => [from + BigInt(index * 64), `tfunction_${index}`],
  )
  const data = Array.from(
    { length: 50 },
    (_, index): SampleSymbol => [from + 0x10_0000n + BigInt(index), `dvalue_${index}`],
  )
  return [...text, [from + 0x1_0000n, longName], ...data]
}

const perCpu: readonly SampleSymbol[] = [
  [0n, 'Afixed_percpu_data'],
  [0x1000n, 'Dcpu_debug_store'],
]

const layouts: Readonly<Record<string, Layout>> = {
  'Linux 6.1': { word: 8, offsets: 'before', sequence: 3, absolutePerCpu: true },
  'Linux 6.1 without a list by name': { word: 8, offsets: 'before', sequence: 0, absolutePerCpu: true },
  'Linux 6.12': { word: 8, offsets: 'behind', sequence: 0, absolutePerCpu: true },
  'Linux 6.15, where per-CPU symbols are like others': {
    word: 8,
    offsets: 'behind',
    sequence: 0,
    absolutePerCpu: false,
  },
  'Linux 6.1 of 32 bits': { word: 4, offsets: 'before', sequence: 3, absolutePerCpu: false },
  'Linux 6.1 of 32 bits with a list of whole numbers': {
    word: 4,
    offsets: 'before',
    sequence: 4,
    absolutePerCpu: false,
  },
}

test.each(Object.entries(layouts))('the symbols of %s are found, where the kernel has moved itself to', (_, layout) => {
  const from = layout.word === 8 ? base : 0xca00_0000n
  const symbols = [...(layout.absolutePerCpu ? perCpu : []), ...symbolsAt(from)]
  const found = findKallsyms(sampleKernel(from, symbols, layout))
  expect(found?.symbols).toEqual(
    symbols.map(([address, text]) => ({ address, kind: text.charAt(0), name: text.slice(1) })),
  )
  expect(found?.table.at(from + 65n)).toEqual({ name: 'function_1', offset: 1 })
  expect(found?.table.at(from + 0x1_0005n)).toEqual({ name: longName.slice(1), offset: 5 })
  expect(found?.table.at(from + 0x10_0003n)).toBeUndefined()
  expect(found?.table.at(from - 1n)).toBeUndefined()
})

test('bytes that begin anywhere are looked at', () => {
  const kernel = sampleKernel(base, symbolsAt(base), layouts['Linux 6.12']!)
  const moved = new Uint8Array(kernel.length + 3)
  moved.set(kernel, 3)
  expect(findKallsyms(moved.subarray(3))?.symbols.length).toBe(951)
})

test('memory without a kernel has no symbols', () => {
  expect(findKallsyms(new Uint8Array(0))).toBeUndefined()
  expect(findKallsyms(new Uint8Array(4096))).toBeUndefined()
  expect(findKallsyms(Uint8Array.from({ length: 1 << 16 }, (_, at) => at >>> 8))).toBeUndefined()
  // every pair looks like the beginning of an index
  const pairs = new Uint8Array(1 << 16)
  new Uint16Array(pairs.buffer).forEach((_, at, all) => {
    all[at] = at & 0xff
  })
  expect(findKallsyms(pairs)).toBeUndefined()
})

test('a kernel that is damaged anywhere has symbols or has none, and is read to an end', () => {
  const layout = layouts['Linux 6.12']!
  const whole = sampleKernel(base, symbolsAt(base), layout)
  for (let at = 900; at < whole.length; at += 61) {
    const damaged = whole.slice()
    damaged[at]! ^= 0xff
    expect(() => findKallsyms(damaged)).not.toThrow()
    expect(() => findKallsyms(whole.slice(0, at & ~3))).not.toThrow()
    expect(() => findKallsyms(whole.slice(at & ~3))).not.toThrow()
  }
})

test('tables whose addresses do not ascend are no tables', () => {
  const layout = layouts['Linux 6.12']!
  const symbols = [...symbolsAt(base)]
  expect(findKallsyms(sampleKernel(base, symbols, layout))).toBeDefined()
  symbols[7] = [base + 0x10_0000n, symbols[7]![1]]
  expect(findKallsyms(sampleKernel(base, symbols, layout))).toBeUndefined()
})
