import { expect, test } from 'vitest'
import { bytes, decode, encode, i32, i64, list, pointer, u8, u16, u32, u64 } from './codec.ts'
import { alias, anonymous, flexible, padding, said, struct, union } from './struct.ts'

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

test('an array of variable length takes no bytes of its struct, but its alignment counts', () => {
  const table = struct({ count: u32, entries: flexible(inner) })
  expect([table.size, table.align, table.offset.entries]).toEqual([8, 8, 8])
  expect(decode(table, Uint8Array.of(3, 0, 0, 0, 9, 9, 9, 9))).toEqual({ count: 3 })
  const tail = encode(table.item.entries, { base: 1n, limit: 2, type: 3 })
  expect([...tail]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
  expect(struct({ count: u32, bytes: flexible(u8) }).offset.bytes).toBe(4)
})

test('the arms of a union begin together, and its value is its bytes until one of them is read', () => {
  const either = union({ small: struct({ port: u16 }), big: struct({ address: u64, length: u32 }) })
  expect([either.size, either.align]).toEqual([16, 8])
  const outer = struct({ kind: u8, either })
  const made = encode(outer, { kind: 1, either: encode(either.arm.small, { port: 0x3f8 }) })
  expect([...made]).toEqual([1, ...Array(7).fill(0), 0xf8, 0x03, ...Array(14).fill(0)])
  expect(decode(either.arm.small, decode(outer, made).either)).toEqual({ port: 0x3f8 })
})

test('another name for a field is at its place, and no second value', () => {
  const level = struct({ irq: u32, status: alias('irq', i32), level: u32 })
  expect(level.offset).toEqual({ irq: 0, status: 0, level: 4 })
  expect(decode(level, Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0))).toEqual({ irq: 1, level: 2 })
})

test('numbers with a sign keep it', () => {
  const signed = struct({ fd: i32, offset: i64 })
  const value = { fd: -1, offset: -(2n ** 63n) }
  expect(decode(signed, encode(signed, value))).toEqual(value)
})

test('what the fields are can be read as data', () => {
  const log = struct({
    slot: said(u32, 'Which memory slot.'),
    bitmap: pointer('one bit for each page'),
    answer: anonymous(union({ count: u32 }), 'What came back.'),
  })
  expect(log.shape).toMatchObject({
    kind: 'struct',
    fields: [
      { name: 'slot', offset: 0, size: 4, says: 'Which memory slot.', shape: { kind: 'scalar', type: 'u32' } },
      { name: 'bitmap', offset: 8, shape: { pointsTo: 'one bit for each page' } },
      { name: 'answer', offset: 16, anonymous: true, shape: { kind: 'union' } },
    ],
  })
})
