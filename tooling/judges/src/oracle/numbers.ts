import type { Random } from '../cpu/random.ts'

const small = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn]
const wide = [(1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, (1n << 64n) - 2n, 0x7fff_ffff_fff8n, 0x8000_0000_0000n]

/** An integer that matters more often than chance would have it. */
export function integer(random: Random): bigint {
  if (random.once(3)) return random.pick([...small, ...wide])
  return random.once(2) ? BigInt(random.below(70)) : random.bits()
}

const floats = [
  0n,
  1n << 63n,
  0x7ffn << 52n,
  0x7ff8n << 48n,
  0x7ff4n << 48n,
  1n,
  1n << 52n,
  0x3ffn << 52n,
  0x3f80_0000_7fa0_0000n,
  0x0000_0001_ff80_0000n,
]

/** 64 bits of floating point: a double, two singles, or anything. */
export function float(random: Random): bigint {
  if (random.once(3)) return random.pick(floats)
  if (random.once(3)) return random.bits()
  return (random.bits() & 0x800f_ffff_ffff_ffffn) | (BigInt(960 + random.below(128)) << 52n)
}

/** 80 bits of floating point, of any kind. */
export function extended(random: Random): bigint {
  const exponent = random.once(5) ? random.pick([0, 1, 0x7ffe, 0x7fff]) : 0x3fff + random.below(140) - 70
  const significand = random.once(5) ? float(random) : random.bits() | (1n << 63n)
  return (BigInt(exponent | (random.below(2) << 15)) << 64n) | significand
}

/** Fills memory with bytes by chance, quickly. */
export function scatter(random: Random, bytes: Uint8Array): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  let state = Number(random.bits() & 0xffff_ffffn) | 1
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
}
