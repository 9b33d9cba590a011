import { expect, test } from 'vitest'
import type { LinkedBody } from '../emit/write.ts'
import { KeptRegions } from './kept-regions.ts'

const keyOf = (text: string) => new TextEncoder().encode(text)
const body = (bytes: number): LinkedBody => ({
  locals: ['i64', 'i32', 'v128', 'f64'],
  hints: [
    { at: 3, taken: true },
    { at: 70_000, taken: false },
  ],
  links: [
    { at: 5, of: -0x8000_0000, plus: 72 },
    { at: 200, of: 0x7fff_ffff, plus: 0 },
    { at: 300, of: undefined, plus: 1 },
  ],
  code: Uint8Array.from({ length: bytes }, (_, index) => index & 0xff),
})

function keeping(...all: readonly (readonly [key: string, bytes: number])[]): KeptRegions {
  const kept = new KeptRegions(undefined)
  for (const [key, bytes] of all) kept.made(keyOf(key), body(bytes))
  return kept
}

test('a function is found by all that it follows from, as it was', () => {
  const kept = new KeptRegions(keeping(['one', 1000], ['two', 10]).bytes())
  expect(kept.find(keyOf('one'))).toEqual(body(1000))
  expect(kept.find(keyOf('two'))).toEqual(body(10))
  expect(kept.find(keyOf('on'))).toBeUndefined()
})

test('nothing is written where nothing was made', () => {
  const kept = new KeptRegions(keeping(['one', 10]).bytes())
  kept.find(keyOf('one'))
  expect(kept.bytes()).toBeUndefined()
})

test('there is an end to how much is kept, and what was used last is kept first', () => {
  const mebibyte = 2 ** 20
  const before = keeping(['one', mebibyte], ['two', mebibyte], ['three', mebibyte])
  const now = new KeptRegions(before.bytes())
  now.find(keyOf('two'))
  now.made(keyOf('four'), body(1.5 * mebibyte))
  const after = new KeptRegions(now.bytes())
  const isKept = ['one', 'two', 'three', 'four'].map((key) => after.find(keyOf(key)) !== undefined)
  expect(isKept).toEqual([true, true, false, true])
})

test('a part of what was kept can be read, and what is not there is not found', () => {
  const bytes = keeping(['one', 100], ['two', 100]).bytes()!
  for (let length = 0; length < bytes.length; length += 1)
    expect(new KeptRegions(bytes.subarray(0, length)).find(keyOf('three'))).toBeUndefined()
})
