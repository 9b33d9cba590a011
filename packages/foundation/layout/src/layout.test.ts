import { describe, expect, test } from 'vitest'
import { layout, StructView, sizeOf } from './layout.ts'

/** struct kvm_segment of the kernel's asm/kvm.h: 24 bytes. */
const segment = layout({
  base: 'u64',
  limit: 'u32',
  selector: 'u16',
  type: 'u8',
  present: 'u8',
  dpl: 'u8',
  db: 'u8',
  s: 'u8',
  l: 'u8',
  g: 'u8',
  avl: 'u8',
  unusable: 'u8',
  padding: 'u8',
})

describe('fields lie where a C compiler puts them', () => {
  test('packed ones one after another', () => {
    expect(segment.size).toBe(24)
    expect(segment.offset).toMatchObject({ base: 0, limit: 8, selector: 12, type: 14, g: 20, padding: 23 })
  })

  test('wide ones on multiples of their size, and the struct is a multiple of its widest', () => {
    const mixed = layout({ a: 'u8', b: 'u64', c: 'u16', d: 'u32', e: 'u8', f: 'v128' })
    expect(mixed.offset).toEqual({ a: 0, b: 8, c: 16, d: 20, e: 24, f: 32 })
    expect(mixed.size).toBe(48)
  })

  test('rows of values and raw bytes as their elements and their alignment say', () => {
    const region = layout({ flag: 'u8', values: ['u16', 3], raw: { bytes: 5, align: 16 }, last: 'u8' })
    expect(region.offset).toEqual({ flag: 0, values: 2, raw: 16, last: 21 })
    expect(region.size).toBe(32)
    expect(sizeOf(['u64', 4])).toBe(32)
    expect(sizeOf({ bytes: 5, align: 16 })).toBe(5)
  })
})

describe('a view reads and writes one struct', () => {
  const bytes = new Uint8Array(64)
  const view = new StructView(segment, bytes.buffer, 32)

  test('little-endian, where it begins', () => {
    view.setBig('base', 0x1122_3344_5566_7788n)
    view.setNumber('selector', 0xabcd)
    expect([...bytes.subarray(32, 40)]).toEqual([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
    expect([...bytes.subarray(44, 46)]).toEqual([0xcd, 0xab])
    expect(view.big('base')).toBe(0x1122_3344_5566_7788n)
    expect(view.number('selector')).toBe(0xabcd)
  })

  test('and leaves the neighbours alone', () => {
    bytes.fill(0xee)
    view.setNumber('type', 0)
    view.setBig('present', 1n)
    expect([...bytes.subarray(45, 49)]).toEqual([0xee, 0, 1, 0xee])
  })

  test('values wider than their field are cut to it', () => {
    view.setNumber('type', 0x1ff)
    view.setBig('base', 1n << 64n)
    expect(view.number('type')).toBe(0xff)
    expect(view.big('base')).toBe(0n)
  })

  test('signed fields keep their sign', () => {
    const signed = new StructView(layout({ value: 'i32' }), new ArrayBuffer(4))
    signed.setNumber('value', -5)
    expect(signed.number('value')).toBe(-5)
    expect(signed.big('value')).toBe(-5n)
  })

  test('and says so when a field does not fit in a number', () => {
    expect(() => view.number('base')).toThrow('base is no field of at most 32 bits')
    expect(() => view.setNumber('base', 1)).toThrow(TypeError)
  })
})
