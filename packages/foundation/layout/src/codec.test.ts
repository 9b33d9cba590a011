import { expect, test } from 'vitest'
import { bytes, decode, encode, list, padding, struct, u8, u16, u32, u64 } from './index.ts'

const inner = struct({ base: u64, limit: u32, type: u8, pad: padding(u8) })

test('fields lie where a C compiler puts them, nested structs at their own alignment', () => {
  const outer = struct({ first: u8, inner, second: u16, tail: u8 })
  expect(outer.offset).toEqual({ first: 0, inner: 8, second: 24, tail: 26 })
  expect([inner.size, outer.size]).toEqual([16, 32])
})

test('what was encoded is decoded again, and padding is no part of the value', () => {
  const value = { base: 0xffff_8000_0000_0000n, limit: 0xffff_ffff, type: 11 }
  const made = encode(inner, value)
  expect(decode(inner, made)).toEqual(value)
  expect([...made.subarray(8)]).toEqual([0xff, 0xff, 0xff, 0xff, 11, 0, 0, 0])
})

test('padding is written as zero', () => {
  const view = new DataView(new Uint8Array(16).fill(0xaa).buffer)
  inner.write(view, 0, { base: 0n, limit: 0, type: 0 })
  expect(new Uint8Array(view.buffer)).toEqual(new Uint8Array(16))
})

test('lists and byte arrays keep their order', () => {
  const both = struct({ words: list(u16, 3), raw: bytes(2) })
  const made = encode(both, { words: [1, 2, 0x1_0003], raw: Uint8Array.of(9, 8, 7) })
  expect([...made]).toEqual([1, 0, 2, 0, 3, 0, 9, 8])
  expect(decode(both, made)).toEqual({ words: [1, 2, 3], raw: Uint8Array.of(9, 8) })
})

test('a struct in the middle of a buffer is read in place, and too few bytes are refused', () => {
  const buffer = Uint8Array.of(1, 2, 3, 4, 5)
  expect(decode(u32, buffer.subarray(1))).toBe(0x0504_0302)
  expect(() => decode(u32, buffer.subarray(2))).toThrow(RangeError)
})
