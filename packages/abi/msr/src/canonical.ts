/** Whether a 64-bit address is the sign extension of its low `width` bits. Source: SDM 1 §3.3.7.1 Canonical Addressing. */
export function isCanonical(address: bigint, width: 48 | 57): boolean {
  return BigInt.asIntN(width, address) === BigInt.asIntN(64, address)
}

/** The address made canonical: bit `width - 1` repeated above. */
export function canonicalForm(address: bigint, width: 48 | 57): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(width, address))
}
