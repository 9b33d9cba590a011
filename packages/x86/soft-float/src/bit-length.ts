const view = new DataView(new ArrayBuffer(8))

/** How many bits a positive integer below 2^1023 has: the exponent of the double nearest to it, corrected. */
export function bitLength(value: bigint): number {
  view.setFloat64(0, Number(value))
  const length = (view.getUint16(0) >> 4) - 1022
  return length > 53 && value >> BigInt(length - 1) === 0n ? length - 1 : length
}
