import { expect, test } from 'vitest'
import { KeptHeat, nameOfCode, warmth } from './kept-heat.ts'

const started = (before?: KeptHeat) => new KeptHeat(before?.bytes())

/** A start after another, in which code of these names was hot. */
function after(before: KeptHeat | undefined, names: readonly number[]): KeptHeat {
  const now = started(before)
  for (const name of names) now.note(name, warmth.entered)
  return now
}

test('what was hot is known in the next start, as hot as it ever was', () => {
  const first = started()
  first.note(1, warmth.taken)
  first.note(2, warmth.whole)
  first.note(2, warmth.taken)
  const second = started(first)
  expect([1, 2, 3].map((name) => second.of(name))).toEqual([warmth.taken, warmth.whole, undefined])
})

test('nothing is written where nothing is new', () => {
  const first = after(undefined, [1, 2])
  expect(after(first, [1]).bytes()).toBeUndefined()
  expect(after(first, [1, 3]).bytes()).toBeDefined()
})

test('what is not hot any more is forgotten after some starts, and not in the first one', () => {
  let kept = after(undefined, [1])
  const known: boolean[] = []
  for (let start = 0; start < 10; start += 1) {
    kept = after(kept, [100 + start])
    known.push(started(kept).of(1) !== undefined)
  }
  expect(known[0]).toBe(true)
  expect(known.at(-1)).toBe(false)
})

test('there is an end to how many names are kept, and those of the last start are among them', () => {
  const names = (from: number) => Array.from({ length: 12_000 }, (_, index) => from + index)
  const second = after(after(undefined, names(0)), names(50_000))
  const third = started(second)
  expect(second.bytes()!.length).toBeLessThan(200_000)
  expect(names(50_000).every((name) => third.of(name) !== undefined)).toBe(true)
  expect(names(0).every((name) => third.of(name) !== undefined)).toBe(false)
})

test('any bytes can be read as what was kept', () => {
  for (let length = 0; length < 100; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 167 + length * 31) & 0xff)
    expect(new KeptHeat(bytes).of(5)).toBeUndefined()
  }
})

test('a name is of the bytes, of their place in a page and of the mode, wherever the page lies', () => {
  const memory = Uint8Array.from({ length: 0x3000 }, (_, index) => (index & 0xfff) * 7)
  const name = nameOfCode(memory, 0x1010, 0x1020, 4)
  expect(nameOfCode(memory, 0x2010, 0x2020, 4)).toBe(name)
  const others = [
    nameOfCode(memory, 0x1010, 0x1021, 4),
    nameOfCode(memory, 0x1010, 0x1020, 5),
    nameOfCode(
      memory.map((byte, at) => (at === 0x101f ? byte + 1 : byte)),
      0x1010,
      0x1020,
      4,
    ),
    nameOfCode(
      memory.map((_, at) => memory[at - 1] ?? 0),
      0x1011,
      0x1021,
      4,
    ),
  ]
  expect(new Set([name, ...others]).size).toBe(1 + others.length)
})
