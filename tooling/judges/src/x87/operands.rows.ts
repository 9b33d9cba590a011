/*
 * Operands at which x87 instructions do something of their own: the classes of SDM 1 Table 4-2 and §8.2.2, the bounds of the
 * formats in memory, and where the transcendental functions of SDM 1 §8.3.6 to §8.3.9 begin, end or turn.
 */

const wide = (signExponent: number, significand: bigint): bigint => (BigInt(signExponent) << 64n) | significand

/** Of 80 bits, positive: each is met with both signs. Source: SDM 1 §4.8.3, Table 4-2, §8.2.2, §8.3.6 to §8.3.9. */
export const float80s: readonly bigint[] = [
  // zero, denormals, pseudo-denormals, the smallest normals
  wide(0, 0n), wide(0, 1n), wide(0, 0x4000_0000_0000_0000n), wide(0, 0x7fff_ffff_ffff_ffffn),
  wide(0, 0x8000_0000_0000_0000n), wide(0, 0x8000_0000_0000_0001n), wide(1, 0x8000_0000_0000_0000n), wide(2, 0xffff_ffff_ffff_ffffn),
  // unnormals, pseudo-infinity, pseudo-NaNs
  wide(1, 0x7fff_ffff_ffff_ffffn), wide(0x3fff, 0n), wide(0x3fff, 0x4000_0000_0000_0000n), wide(0x7fff, 0n),
  wide(0x7fff, 0x4000_0000_0000_0000n), wide(0x7fff, 1n),
  // infinity and NaNs
  wide(0x7fff, 0x8000_0000_0000_0000n), wide(0x7fff, 0xc000_0000_0000_0000n), wide(0x7fff, 0xc000_0000_0000_0001n),
  wide(0x7fff, 0x8000_0000_0000_0001n), wide(0x7fff, 0xbfff_ffff_ffff_ffffn), wide(0x7fff, 0xffff_ffff_ffff_ffffn),
  // the largest
  wide(0x7ffe, 0xffff_ffff_ffff_ffffn), wide(0x7ffe, 0x8000_0000_0000_0000n), wide(0x7ffd, 0xffff_ffff_ffff_ffffn),
  // one and its neighbours, small integers, halves
  wide(0x3fff, 0x8000_0000_0000_0000n), wide(0x3fff, 0x8000_0000_0000_0001n), wide(0x3ffe, 0xffff_ffff_ffff_ffffn),
  wide(0x4000, 0x8000_0000_0000_0000n), wide(0x4000, 0xc000_0000_0000_0000n), wide(0x4001, 0xa000_0000_0000_0000n),
  wide(0x3ffe, 0x8000_0000_0000_0000n), wide(0x3fff, 0xc000_0000_0000_0000n), wide(0x4000, 0xa000_0000_0000_0000n),
  // ties of 24 and 53 bits, and beside them
  wide(0x3fff, 0x8000_0080_0000_0000n), wide(0x3fff, 0x8000_0080_0000_0001n), wide(0x3fff, 0x8000_0000_0000_0400n),
  wide(0x3fff, 0x8000_0000_0000_03ffn), wide(0x3fff, 0xffff_ff80_0000_0000n), wide(0x3fff, 0xffff_ffff_ffff_fc00n),
  // where integers of 16, 32 and 64 bits end
  wide(0x400d, 0xffff_0000_0000_0000n), wide(0x400e, 0x8000_0000_0000_0000n), wide(0x401d, 0xffff_ffff_0000_0000n),
  wide(0x401e, 0x8000_0000_0000_0000n), wide(0x403d, 0xffff_ffff_ffff_ffffn), wide(0x403e, 0x8000_0000_0000_0000n),
  // where eighteen decimals end
  wide(0x403a, 0xde0b_6b3a_763f_ffffn), wide(0x403a, 0xde0b_6b3a_7640_0000n), wide(0x403a, 0xde0b_6b3a_763f_fff8n),
  // where float32 and float64 end, begin, and become denormal
  wide(0x407e, 0xffff_ff00_0000_0000n), wide(0x407e, 0xffff_ff80_0000_0000n), wide(0x3f81, 0x8000_0000_0000_0000n),
  wide(0x3f80, 0xffff_ffff_ffff_ffffn), wide(0x3f6a, 0x8000_0000_0000_0000n), wide(0x3f69, 0x8000_0000_0000_0000n),
  wide(0x43fe, 0xffff_ffff_ffff_f800n), wide(0x43fe, 0xffff_ffff_ffff_fc00n), wide(0x3c01, 0x8000_0000_0000_0000n),
  wide(0x3c00, 0xffff_ffff_ffff_ffffn), wide(0x3bcd, 0x8000_0000_0000_0000n), wide(0x3bcc, 0x8000_0000_0000_0000n),
  // pi with halves and quarters, 2^63 and around it, 1 - sqrt(2)/2 and sqrt(2) - 1
  wide(0x4000, 0xc90f_daa2_2168_c235n), wide(0x3fff, 0xc90f_daa2_2168_c235n), wide(0x3ffe, 0xc90f_daa2_2168_c235n),
  wide(0x403d, 0x8000_0000_0000_0000n), wide(0x403e, 0x8000_0000_0000_0001n), wide(0x3ffd, 0x95f6_1998_0c43_36f7n),
  wide(0x3ffd, 0xd413_cccf_e779_9211n), wide(0x3fbf, 0x8000_0000_0000_0000n), wide(0x3fde, 0x8000_0000_0000_0000n),
  // counts for FSCALE
  wide(0x400c, 0xfffc_0000_0000_0000n), wide(0x400d, 0x8000_0000_0000_0000n), wide(0x400d, 0xc000_0000_0000_0000n),
  wide(0x400e, 0xffff_0000_0000_0000n), wide(0x4004, 0xfc00_0000_0000_0000n),
]

/** Of 32 bits, positive. Source: SDM 1 §4.8.3, Table 4-3. */
export const float32s: readonly bigint[] = [
  0n, 1n, 0x0040_0000n, 0x007f_ffffn, 0x0080_0000n, 0x3f80_0000n, 0x3f80_0001n, 0x4040_0000n, 0x7f7f_ffffn, 0x7f80_0000n,
  0x7f80_0001n, 0x7fbf_ffffn, 0x7fc0_0000n, 0x7fff_ffffn,
]

/** Of 64 bits, positive. Source: SDM 1 §4.8.3, Table 4-3. */
export const float64s: readonly bigint[] = [
  0n, 1n, 0x0008_0000_0000_0000n, 0x000f_ffff_ffff_ffffn, 0x0010_0000_0000_0000n, 0x3ff0_0000_0000_0000n, 0x3ff0_0000_0000_0001n,
  0x4008_0000_0000_0000n, 0x7fef_ffff_ffff_ffffn, 0x7ff0_0000_0000_0000n, 0x7ff0_0000_0000_0001n, 0x7ff7_ffff_ffff_ffffn,
  0x7ff8_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn,
]

/** Integers of any width, whose low bits count: the bounds of each. Source: SDM 1 §8.1.7, Table 8-2. */
export const integers: readonly bigint[] = [
  0n, 1n, 2n, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
]
