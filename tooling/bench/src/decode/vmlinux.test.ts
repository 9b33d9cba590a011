import { expect, test } from 'vitest'
import { unpackLz4 } from './vmlinux.ts'

/** Numbers that look random, the same everywhere. */
function* numbers(): Generator<number, never> {
  for (let seed = 1; ; ) {
    seed = (seed * 16_807) % 2_147_483_647
    yield seed
  }
}

const lengthBytes = (length: number): readonly number[] =>
  length < 15 ? [] : [...new Array<number>(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255]

/** A frame of one block, of so many literals and matches in turns, and what it holds. */
function frame(turns: number): { readonly packed: Buffer; readonly holds: Buffer } {
  const random = numbers()
  const below = (most: number) => random.next().value % most
  const packed: number[] = []
  const holds: number[] = []
  for (let turn = 0; turn < turns; turn += 1) {
    const literals = Array.from({ length: 1 + below(turn % 50 === 0 ? 600 : 20) }, () => below(256))
    holds.push(...literals)
    const match = 4 + below(turn % 70 === 0 ? 600 : 30)
    const distance = 1 + below(Math.min(holds.length, 0xffff))
    for (let at = 0; at < match; at += 1) holds.push(holds[holds.length - distance]!)
    packed.push((Math.min(literals.length, 15) << 4) | Math.min(match - 4, 15))
    packed.push(...lengthBytes(literals.length), ...literals, distance & 0xff, distance >> 8, ...lengthBytes(match - 4))
  }
  // the last literals have no match
  packed.push(0x10, 1)
  holds.push(1)
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184c2102, 0)
  header.writeUInt32LE(packed.length, 4)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(holds.length)
  return { packed: Buffer.concat([header, Uint8Array.from(packed), size]), holds: Buffer.from(holds) }
}

test('a block that takes long is unpacked rightly while it is compiled', () => {
  const { packed, holds } = frame(60_000)
  expect(unpackLz4(packed).equals(holds)).toBe(true)
})

test('a frame that tells another size is refused', () => {
  const { packed } = frame(10)
  packed.writeUInt32LE(1, packed.length - 4)
  expect(() => unpackLz4(packed)).toThrow('the kernel has')
})
