import type { ValueType } from '@vmm/wasm-encoder'
import { expect, test } from 'vitest'
import { LocalUses } from './local-uses.ts'

/** The places of uses one after the other, `(` and `)` around a loop, `+` before a local that only begins. */
function placesOf(uses: string, types: readonly ValueType[], fixed: readonly number[] = []) {
  const found = new LocalUses(types)
  let offset = 0
  for (const [what] of uses.matchAll(/\(|\)|\+?\d/g)) {
    if (what === '(') found.beginLoop()
    else if (what === ')') found.endLoop(offset)
    else if (what.startsWith('+')) found.begin(Number(what))
    else found.use(Number(what), offset++)
  }
  const { locals, bytes } = found.placed(fixed, new Uint8Array(offset).fill(0xff), [])
  return { locals, places: [...bytes].filter((byte) => byte !== 0xff) }
}

const words = (count: number): ValueType[] => Array.from({ length: count }, () => 'i32')

test('locals whose uses follow each other share a place', () => {
  expect(placesOf('0 0 1 1', words(2))).toEqual({ locals: words(1), places: [0, 0, 0, 0] })
})

test('locals whose uses overlap have places of their own', () => {
  expect(placesOf('0 1 0 1', words(2))).toEqual({ locals: words(2), places: [0, 1, 0, 1] })
})

test('locals of different types share no place', () => {
  expect(placesOf('0 0 1 1', ['i32', 'i64']).locals).toEqual(['i32', 'i64'])
})

test('what was before a loop keeps its place to the end of the loop', () => {
  expect(placesOf('0 (0 1 1) 2', words(3)).places).toEqual([0, 0, 1, 1, 0])
  expect(placesOf('0 ((0) 1 1) 2', words(3)).places).toEqual([0, 0, 1, 1, 0])
})

test('what begins inside a loop shares places inside it', () => {
  expect(placesOf('(0 0 1 1)', words(2)).places).toEqual([0, 0, 0, 0])
})

test('what begins before a loop has its place there, though it is used only inside', () => {
  expect(placesOf('+1 (0 0 1 1)', words(2)).places).toEqual([1, 1, 0, 0])
})

test('fixed locals come first and share with nobody', () => {
  expect(placesOf('1 1 0 0', words(2), [1])).toEqual({ locals: words(2), places: [0, 0, 1, 1] })
})

test('marks stay with what they are about', () => {
  const uses = new LocalUses(words(1))
  uses.use(0, 1)
  const before = [
    { at: 0, taken: true },
    { at: 1, taken: false },
  ]
  const { bytes, marks } = uses.placed([], Uint8Array.of(0x20, 0x04), before)
  expect([...bytes]).toEqual([0x20, 0, 0x04])
  expect(marks).toEqual([
    { at: 0, taken: true },
    { at: 2, taken: false },
  ])
})
