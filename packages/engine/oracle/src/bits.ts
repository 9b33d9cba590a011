import type { Bits, Width } from '@vmm/x86-semantics'

/** A value here is a bigint, cleaned to its width. */
export interface Value {
  readonly value: bigint
  readonly width: Width
}

/** Reads a value of the algebra. */
export const numberOf = <W extends Width>(bits: Bits<W>): bigint => (bits as unknown as Value).value

/** The width that a value was made with. */
export const widthOf = <W extends Width>(bits: Bits<W>): W => (bits as unknown as Value).width as W

/** Makes a value: the low bits of a bigint. */
export const bitsOf = <W extends Width>(value: bigint, width: W): Bits<W> =>
  ({ value: BigInt.asUintN(width, value), width }) as unknown as Bits<W>

/** The value as a two's complement number. */
export const signedOf = <W extends Width>(bits: Bits<W>): bigint => BigInt.asIntN(widthOf(bits), numberOf(bits))

export const truth = (holds: boolean): Bits<1> => bitsOf(holds ? 1n : 0n, 1)
