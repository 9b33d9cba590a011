import type { Random } from './random.ts'

/** Integers where something happens: zero, one, the ends of the signed and unsigned ranges. */
export function edge(random: Random, width: number): bigint {
  const top = 1n << BigInt(width - 1)
  return random.of([0n, 1n, top, top - 1n, (top << 1n) - 1n, top + 1n, 0x80n, 0x7fn, 0xffn, 0x10n]) & ((top << 1n) - 1n)
}

/** Floats of a format by their bits: signs, zeros, ones, denormals, infinities, quiet and signalling NaNs, ties. */
const floats = {
  32: [
    0x3f80_0000n,
    0xbf80_0000n,
    0n,
    0x8000_0000n,
    0x7f80_0000n,
    0xff80_0000n,
    0x7fc0_0001n,
    0x7f80_0001n,
    1n,
    0x8000_0001n,
    0x007f_ffffn,
    0x7f7f_ffffn,
    0x4020_0000n,
    0xc060_0000n,
    0x4f00_0000n,
    0xcf00_0001n,
    0x3eaa_aaabn,
  ],
  64: [
    0x3ff0_0000_0000_0000n,
    0xbff0_0000_0000_0000n,
    0n,
    0x8000_0000_0000_0000n,
    0x7ff0_0000_0000_0000n,
    0xfff0_0000_0000_0000n,
    0x7ff8_0000_0000_0001n,
    0x7ff0_0000_0000_0001n,
    1n,
    0x8000_0000_0000_0001n,
    0x000f_ffff_ffff_ffffn,
    0x7fef_ffff_ffff_ffffn,
    0x4004_0000_0000_0000n,
    0xc00c_0000_0000_0000n,
    0x41e0_0000_0000_0000n,
    0xc3e0_0000_0000_0001n,
    0x3fd5_5555_5555_5555n,
  ],
  80: [
    (0x3fffn << 64n) | (1n << 63n),
    (0xbfffn << 64n) | (1n << 63n),
    0n,
    0x8000n << 64n,
    (0x7fffn << 64n) | (1n << 63n),
    (0xffffn << 64n) | (1n << 63n),
    (0x7fffn << 64n) | (3n << 62n),
    (0x7fffn << 64n) | (1n << 63n) | 1n,
    1n,
    (0x4000n << 64n) | 0xa000_0000_0000_0000n,
    (0xc000n << 64n) | 0xe000_0000_0000_0000n,
    (0x3ffdn << 64n) | 0xaaaa_aaaa_aaaa_aaabn,
    (0x401en << 64n) | (1n << 63n),
    (0x7ffen << 64n) | 0xffff_ffff_ffff_ffffn,
    (0x4003n << 64n) | 0xb000_0000_0000_0001n,
  ],
} as const

export type FloatWidth = keyof typeof floats

/** A float: mostly an ordinary one between a millionth and a million, at an edge one of the list. */
export function float(random: Random, width: FloatWidth, atEdge: boolean): bigint {
  if (atEdge) return random.of(floats[width])
  const [fraction, bias] = width === 32 ? [23, 127] : width === 64 ? [52, 1023] : [63, 16383]
  const exponent = BigInt(bias - 20 + random.below(40))
  const sign = BigInt(random.below(2)) << BigInt(width - 1)
  const whole = width === 80 ? 1n << 63n : 0n
  return sign | (exponent << BigInt(width === 80 ? 64 : fraction)) | whole | random.bits(fraction)
}

/** The same value in every lane of a vector, or lanes of their own. */
export function lanes(width: number, lane: number, make: () => bigint): bigint {
  let value = 0n
  for (let at = 0; at < width; at += lane) value |= make() << BigInt(at)
  return value
}
