import { describe, expect, test } from 'vitest'
import { ByteWriter } from './byte-writer.ts'

/** The value of an LEB128 number, read as the specification writes it: the sum of its septets. */
function septets(bytes: Iterable<number>, signed: boolean): bigint {
  let [value, shift] = [0n, 0n]
  let last = 0
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift
    shift += 7n
    last = byte
  }
  return signed && (last & 0x40) !== 0 ? value - (1n << shift) : value
}

function written(write: (to: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  write(writer)
  return writer.view()
}

describe('an unsigned number', () => {
  test.each([0, 1, 127, 128, 300, 16_383, 16_384, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])('%i is itself', (value) => {
    expect(
      septets(
        written((to) => to.unsigned(value)),
        false,
      ),
    ).toBe(BigInt(value))
  })
})

describe('a signed number takes the fewest bytes that hold its sign', () => {
  test.each([
    [0n, 1],
    [63n, 1],
    [64n, 2],
    [-1n, 1],
    [-64n, 1],
    [-65n, 2],
    [0x7fff_ffffn, 5],
    [-0x8000_0000n, 5],
    [0x8000_0000n, 5],
    [-0x8000_0001n, 5],
    [(1n << 63n) - 1n, 10],
    [-(1n << 63n), 10],
  ])('%s', (value, bytes) => {
    const long = written((to) => to.signed64(value))
    expect(septets(long, true)).toBe(value)
    expect(long).toHaveLength(bytes)
    if (BigInt.asIntN(32, value) === value) expect(written((to) => to.signed32(Number(value)))).toEqual(long)
  })
})

test('a writer grows to what is written, and can be used again', () => {
  const writer = new ByteWriter()
  for (let index = 0; index < 1000; index += 1) writer.byte(index & 0xff)
  writer.bytes(new Uint8Array(5000).fill(7))
  expect(writer.length).toBe(6000)
  expect(writer.view()[999]).toBe(999 & 0xff)
  expect(writer.view()[5999]).toBe(7)
  writer.clear()
  writer.name('ab')
  expect([...writer.view()]).toEqual([2, 97, 98])
})
